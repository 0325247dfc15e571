"""Clients that do not read what was sent to them."""

import asyncio

SLOWEST = 4096
"""Bytes a second that a client must read of what waits for it."""


class Stall:
    """What waits in a connection's buffer, and since when."""

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self._transport, self._seconds = transport, seconds
        self._since: tuple[float, int] | None = None

    def reset(self) -> None:
        """Begin again, after the client has read enough for more to be written."""
        self._since = None

    def has_ended(self, now: float) -> bool:
        """Return whether the client has read too little for too long."""
        size = self._transport.get_write_buffer_size()
        if not size:
            self._since = None
        elif self._since is None:
            self._since = now, size
        elif now - self._since[0] >= self._seconds:
            if self._since[1] - size < SLOWEST * self._seconds:
                return True
            self._since = now, size
        return False
