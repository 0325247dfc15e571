"""The HTTP/1.1 protocol of uvicorn, within limits that begin with the first byte.

uvicorn limits neither the size nor the duration of a request's head, nor the duration of its body, nor how long a
client may take to read. Here each has a limit. The application begins when the body of a request is complete, or too
large to be kept, so that slow clients occupy a socket only; and it does not begin if the worker has enough to do.
"""

from asyncio import TimerHandle, Transport
from collections.abc import Hashable
from enum import Enum
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from protocols.admission import REFUSED, STATE, Admission
from protocols.heads import find_fault, is_large
from protocols.refusals import Refused, write_refusal
from protocols.stalls import Stall
from protocols.stopping import LINGER_SECONDS
from protocols.timing import choose_interval
from protocols.upgrades import drop_offer
from protocols.work import Work
from source_address import name_source

FRAMING = 9
"""Bytes that a chunked body may take for each byte of content, as in chunks of one byte (RFC 9112, section 7.1)."""

MOST_PIPELINED = 16
MOST_UNREAD = 2**20
"""Bytes of a body that are read after the answer. A client that sends more is cut off."""

PAUSE_SECONDS = 0.25
"""How long nothing is read from a connection of a client that was refused for itself: it was told to wait longer. The
connections of one address cost the time of so many refusals. Those of a proxy are shared, and always read."""

PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""Paths that are answered even when the worker has enough to do."""

SHEDDING = frozenset({Refused.SHARE, Refused.HELD_OFF, Refused.OVERLOAD})


class Phase(Enum):
    """What is read from a connection: nothing, the head of a request, or its body."""

    IDLE, HEAD, BODY = range(3)


IDLE, HEAD, BODY = Phase


class RefusedError(Exception):
    """The parser must stop. `refused` says why."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection. The state of the application's lifespan contains the worker's admission."""

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._admission: Admission = app_state[STATE]
        self._limits = self._admission.limits
        self._interval = choose_interval(self._limits)
        self._timer: TimerHandle | None = None
        self._phase, self._since = HEAD, self.loop.time()
        self._received = self._content = 0
        self._checked = self._refused = False
        self.url = b""
        self._told: Refused | None = None
        self._waiting: tuple[RequestResponseCycle, Any] | None = None
        self._shed: tuple[Refused, bool] | None = None

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    @property
    def _source(self) -> str:
        return name_source(self._address)

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Count the connection, and refuse it if there are too many."""
        super().connection_made(transport)
        self._stall = Stall(transport, self._limits.send_seconds)
        if self._admission.open(self._source):
            self._timer = self.loop.call_later(self._interval, self._look)
        else:
            self._refuse(Refused.CONNECTIONS)
        if self._admission.stop.is_begun:  # it was accepted just before
            self.shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the end of the connection. What has not begun does not begin."""
        self._stop_looking()
        self._waiting = None
        self._admission.close(self._source)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket protocol, which counts its end."""
        if self._admission.stop.is_begun:
            self._refuse(Refused.STOPPING)
        else:
            self._stop_looking()
            super().handle_websocket_upgrade()

    def resume_writing(self) -> None:
        """Note that the client reads."""
        self._stall.reset()
        super().resume_writing()

    # What is read

    def data_received(self, data: bytes) -> None:
        """Parse what was received. Bytes that are no content have the limit of a head."""
        if self._refused or self.transport.is_closing():
            return
        if self._phase is IDLE:
            self._phase, self._since = HEAD, self.loop.time()
            self._received = self._content = 0
        self._received += len(data)
        self._checked = self._checked or len(data) > self._limits.head_bytes
        super().data_received(drop_offer(data) if self._phase is HEAD else data)
        if self._phase is not IDLE and self._received > self._limits.head_bytes + FRAMING * self._content:
            self._refuse(Refused.HEAD_SIZE)

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser does not read, or was told not to read."""
        self._refuse(self._told or Refused.MALFORMED)

    def on_headers_complete(self) -> None:
        """Check the head; begin the request, or have it wait for its body."""
        large = self._checked and is_large(self.url, self.headers, self._limits)
        if large or len(self.headers) > self._limits.head_fields:
            self._stop(Refused.HEAD_SIZE)
        if refused := find_fault(self.parser.get_http_version(), self.headers):
            self._stop(refused)
        if len(self.pipeline) >= MOST_PIPELINED:
            self._stop(Refused.PIPELINED)
        self._phase = BODY
        if self._admission.has_room or not self._is_shed():
            super().on_headers_complete()
        if self.cycle:
            self.cycle.keep_alive &= not self._admission.stop.is_begun

    def on_body(self, body: bytes) -> None:
        """Keep a part of the body; begin the request if it is large."""
        self._content += len(body)
        if self._shed:
            return
        super().on_body(body)
        if self.cycle.response_complete and self._content > MOST_UNREAD:
            self.transport.close()
        if self._waiting and len(self._waiting[0].body) > HIGH_WATER_LIMIT:
            self._begin_waiting()

    def on_message_complete(self) -> None:
        """Begin the request."""
        self._phase = IDLE
        if self._shed:
            self._answer_shed(*self._shed)
            return
        super().on_message_complete()
        if self._waiting:
            self._begin_waiting()

    def _stop(self, refused: Refused) -> None:
        """Have the parser stop: uvicorn then sends what `send_400_response` does."""
        self._told = refused
        raise RefusedError(refused)

    # What is in work

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Have a request wait for its body, unless the client waits for leave to send it (RFC 9110, 10.1.1)."""
        if cycle is self.cycle and cycle.more_body and not cycle.waiting_for_100_continue:
            self._waiting = cycle, app
        else:
            self._begin(cycle, app)

    def _begin_waiting(self) -> None:
        assert self._waiting  # noqa: S101 - the callers have looked
        (cycle, app), self._waiting = self._waiting, None
        self._begin(cycle, app)

    def _begin(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["path"] not in PROBES:
            app = Work(
                self._admission, self._admission.find_caller(self._address, cycle.scope["headers"]), app, self.flow
            )
        super()._start_asgi_task(cycle, app)

    def _is_shed(self) -> bool:
        """Return whether this request is refused. Its body is read, and not kept."""
        if self.pipeline or (self.cycle and not self.cycle.response_complete) or self.parser.should_upgrade():
            return False
        caller = self._admission.find_caller(self._address, self.headers)
        if self._admission.admits(caller) or self.url.decode("latin-1").partition("?")[0] in PROBES:
            return False
        refused = self._choose_refusal(caller)
        lasts = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        self._shed = refused, lasts and not self._admission.stop.is_begun
        if self.expect_100_continue or self._is_body_large():
            self._stop(refused)
        return True

    def _is_body_large(self) -> bool:
        """Return whether the body is not worth reading."""
        length = next((value for name, value in self.headers if name == b"content-length"), b"0")
        return int(length) > HIGH_WATER_LIMIT

    def _choose_refusal(self, caller: Hashable) -> Refused:
        if caller in self._admission.held_off:
            return Refused.HELD_OFF
        return Refused.SHARE if self._admission.is_greedy(caller) else Refused.OVERLOAD

    def _answer_shed(self, refused: Refused, kept: bool) -> None:
        self._shed = None
        if self.flow.write_paused or not kept:
            self._refuse(refused)
            return
        REFUSED.labels(refused.reason).inc()
        self.transport.write(write_refusal(refused, self.server_state.default_headers, self.url, close=False))
        self.on_response_complete()
        if refused is not Refused.OVERLOAD and not self._limits.is_proxy(self._address):
            self.flow.pause_reading()
            self.loop.call_later(PAUSE_SECONDS, self._read_again)

    def _read_again(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    # What is ended

    def shutdown(self) -> None:
        """Close the connection after the answer to what was asked, which says so, or when it has been idle for long."""
        if not self._admission.stop.is_begun:
            return super().shutdown()
        if self.cycle and not self.cycle.response_started:
            self.cycle.keep_alive = False
        self.loop.call_later(LINGER_SECONDS, self._close_idle)

    def _close_idle(self) -> None:
        if (self.cycle is None or self.cycle.response_complete) and (self._phase is IDLE or not self._received):
            self.transport.close()
        elif not self.transport.is_closing():
            self.loop.call_later(LINGER_SECONDS, self._close_idle)

    def _refuse(self, refused: Refused) -> None:
        """Refuse the request that is read, if HTTP allows an answer now, and close the connection."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        REFUSED.labels(refused.reason).inc()
        cycle, self._waiting = self.cycle, None
        answering = cycle is not None and not cycle.response_complete
        if not answering or (self._phase is BODY and not cycle.response_started and not self.pipeline):
            self.transport.write(write_refusal(refused, self.server_state.default_headers, self.url, close=True))
        if answering:
            cycle.disconnected = True
            cycle.message_event.set()
        if refused in SHEDDING:  # the client has no new connection before that
            self.flow.pause_reading()
            self.loop.call_later(PAUSE_SECONDS, self.transport.close)
        else:
            self.transport.close()

    def _look(self) -> None:
        """Close the connection if its client has taken too long."""
        now = self.loop.time()
        if self._stall.has_ended(now):
            REFUSED.labels("unread").inc()
            self.transport.abort()
            return
        self._timer = self.loop.call_later(self._interval, self._look)
        taken = now - self._since
        if self.transport.is_closing():
            return
        if self._phase is HEAD and taken > self._limits.head_seconds:
            self._end_head()
        elif self._phase is BODY and taken > self._limits.body_seconds and not self.flow.read_paused:
            self._refuse(Refused.BODY_TIME)

    def _end_head(self) -> None:
        """Refuse a head that is not complete. Close a connection on which nothing was sent."""
        if self._received:
            self._refuse(Refused.HEAD_TIME)
        else:
            REFUSED.labels("silent").inc()
            self.transport.close()

    def _stop_looking(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
