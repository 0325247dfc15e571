"""The transparency log: hashing, tiles, signed notes, the entry of an answer, and the tables."""
