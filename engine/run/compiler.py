"""The thread that compiles statements."""

from concurrent.futures import ThreadPoolExecutor

COMPILER = ThreadPoolExecutor(1, "compiler")
"""A single thread, because compilation holds the interpreter lock."""
