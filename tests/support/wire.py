"""Raw connections, and a small application behind the protocols of the service."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from protocols.admission import STATE, Admission
from protocols.http import BoundedHttpProtocol
from protocols.limits import ConnectionLimits
from protocols.websocket import BoundedWebSocketProtocol

PATIENCE = 30.0
"""Seconds after which a test fails."""

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


class Wire:
    """One connection to a server on this machine. source: the address it comes from, of the network 127.0.0.0/8."""

    def __init__(self, port: int, receive_buffer: int | None = None, source: str = "127.0.0.1") -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: Any) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> "Wire":
        """Send bytes; a server that has closed the connection is no error."""
        try:
            for part in parts:
                self.socket.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def rest(self) -> bytes:
        """All that comes until the server closes the connection."""
        found = b""
        try:
            while data := self.socket.recv(65536):
                found += data
        except ConnectionResetError:
            pass
        return found

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next answer: status, header fields, content."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            data = self.socket.recv(1)
            assert data, f"the connection was closed after {head!r}"
            head += data
        status, fields = parse_head(head)
        content = b""
        while missing := int(fields.get("content-length", 0)) - len(content):
            content += self.socket.recv(missing)
        return status, fields, content


def parse_head(text: bytes) -> tuple[int, dict[str, str]]:
    """The status and the header fields of the first answer in a text."""
    first, *lines = text.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return int(first.split(" ")[1]), {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}


@dataclass
class Playing:
    """An application that answers when it is told to. began: paths of the requests that it was given. early: whether it
    answers at once, before it has read a body."""

    admission: Admission
    go: threading.Event = field(default_factory=threading.Event)
    began: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    size: int = 2
    early: bool = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.live(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self.hear(receive, send)
            return
        self.began.append(scope["path"])
        body, more = b"", not self.early
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        self.bodies.append(body)
        if not self.early:
            await asyncio.to_thread(self.go.wait)
        length = (b"content-length", b"%d" % self.size)
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": b"x" * self.size})

    async def live(self, scope: Any, receive: Any, send: Any) -> None:
        """Start and end."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                scope["state"][STATE] = self.admission
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def hear(self, receive: Any, send: Any) -> None:
        """Accept a WebSocket, and take messages."""
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    def wait_for(self, count: int) -> None:
        """Wait until so many requests have begun."""
        wait_until(lambda: len(self.began) >= count)


def wait_until(holds: Any) -> None:
    """Try until it holds; fails after the deadline."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@contextmanager
def playing(
    identify: Callable[[bytes], Hashable | None] = lambda value: value, **limits: Any
) -> Iterator[tuple[Playing, int]]:
    """The application, and its port. identify: by default, all credentials are known."""
    app = Playing(Admission(ConnectionLimits(**limits), identify))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        protocols: dict[str, Any] = {"http": BoundedHttpProtocol, "ws": BoundedWebSocketProtocol}
        config = uvicorn.Config(app, log_level="critical", lifespan="on", timeout_keep_alive=1, **protocols)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started)
        try:
            yield app, listener.getsockname()[1]
        finally:
            app.go.set()
            server.force_exit = server.should_exit = True
            thread.join()
