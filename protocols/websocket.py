"""The WebSocket protocol of uvicorn, within limits. `protocols.http` has read the head, and counted the connection."""

from asyncio import TimerHandle
from asyncio.transports import BaseTransport
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from protocols.admission import REFUSED, STATE, Admission
from protocols.stalls import Stall
from protocols.timing import choose_interval


class BoundedWebSocketProtocol(WebSocketsSansIOProtocol):
    """A connection whose client must read: pings are not answered while it does not, and then it is closed."""

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._admission: Admission = app_state[STATE]
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin to watch the connection."""
        super().connection_made(transport)
        self._stall = Stall(self.transport, self._admission.limits.send_seconds)
        self._interval = choose_interval(self._admission.limits)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the end of the connection."""
        if self._timer:
            self._timer.cancel()
        self._admission.close(self.client[0] if self.client else "")
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """Note that the client reads."""
        self._stall.reset()
        super().resume_writing()

    def handle_ping(self) -> None:
        """Answer a ping, unless the client does not read the answers."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def _look(self) -> None:
        if self._stall.has_ended(self.loop.time()):
            REFUSED.labels("unread").inc()
            self.transport.abort()
        else:
            self._timer = self.loop.call_later(self._interval, self._look)
