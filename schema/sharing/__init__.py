"""What is shared: level, legal basis, rhythm and retention of every field, declared in `fields.csv`."""
