"""A request in work: counted from its last byte to the end of its answer, or to the first part of a stream."""

from collections.abc import Awaitable, Hashable
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.flow_control import FlowControl

from protocols.admission import Admission


class Work:
    """The application for one request. A request whose answer the client does not read stays in work."""

    __slots__ = ("_admission", "_app", "_began", "_caller", "_ended", "_flow", "_send", "_taken")

    def __init__(self, admission: Admission, caller: Hashable, app: ASGIApp, flow: FlowControl) -> None:
        self._admission, self._caller, self._app, self._flow = admission, caller, app, flow
        self._began, self._ended = perf_counter(), False
        self._taken = 0.0
        admission.begin(caller)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        self._send = send
        try:
            await self._app(scope, receive, self._sent)
            if self._flow.write_paused:
                self._taken = perf_counter() - self._began
                await self._flow.drain()
        finally:
            self.end()

    def _sent(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self._admission.note(self._caller, message["status"])
        elif message.get("more_body"):
            self.end()
        return self._send(message)

    def end(self) -> None:
        """Count the end of the request, once."""
        if not self._ended:
            self._ended = True
            self._admission.end(self._caller, self._taken or perf_counter() - self._began)
