"""Shares of a pool: one owner has half of the connections at most, so that some remain for others."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from contextvars import ContextVar

OWNER: ContextVar[Hashable] = ContextVar("owner", default=None)
"""Who is served: the key of a client; None for the service itself and for several clients at once."""


class Shares:
    """The shares of a pool of `size` connections."""

    def __init__(self, size: int) -> None:
        self.most = max(1, size // 2)
        self._held: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Use a connection within the share of the current owner."""
        owner = OWNER.get()
        if not self.enter(owner):
            await self.wait(owner)
        try:
            yield
        finally:
            self.leave(owner)

    def enter(self, owner: Hashable) -> bool:
        """Take a part of an owner's share, if one is free. None has no limit."""
        if owner is None:
            return True
        held = self._held.get(owner, 0)
        if held >= self.most:
            return False
        self._held[owner] = held + 1
        return True

    async def wait(self, owner: Hashable) -> None:
        """Wait for a part of a share, and take it."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(future)
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled():  # it was given at the same moment
                self.leave(owner)
            raise

    def leave(self, owner: Hashable) -> None:
        """Give a part of a share to the one that has waited longest, or give it back."""
        if owner is None:
            return
        waiting = self._waiting.get(owner)
        while waiting:
            future = waiting.popleft()
            if not future.done():
                future.set_result(None)
                return
        self._waiting.pop(owner, None)
        self._held[owner] -= 1
        if not self._held[owner]:
            del self._held[owner]
