"""The connections of plans."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import asyncpg


class Connections(Protocol):
    """A pool of asyncpg, or an object with the same method."""

    def acquire(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """Return a context manager that lends a connection."""
