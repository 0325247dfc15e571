"""A partner's webhook receiver: a real HTTP server that keeps what it was sent, and answers as it is told to."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


@dataclass(frozen=True)
class Received:
    """One request, as it came."""

    headers: Mapping[str, str]
    body: bytes
    target: str = "/hook"

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    def signatures(self, version: str) -> list[bytes]:
        """The signatures of a scheme, `v1` or `v1a`."""
        found = (one.split(",") for one in self.headers["webhook-signature"].split(" "))
        return [base64.b64decode(text) for scheme, text in found if scheme == version]

    def signed_by(self, public_key: str) -> bool:
        """Whether an Ed25519 key, as Standard Webhooks writes it, signed this."""
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
        text = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        return any(_verifies(key, signature, text) for signature in self.signatures("v1a"))


def _verifies(key: Ed25519PublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True


@dataclass
class Receiver:
    """answer: gives the status for a request, and may take its time."""

    answer: Callable[[Received], int] = lambda _: 204
    received: list[Received] = field(default_factory=list)
    port: int = 0
    location: str | None = None
    retry_after: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def kinds(self) -> list[tuple[str, str]]:
        """What was received: kinds and references."""
        return [(one.content["type"], one.content["data"]["reference"]) for one in self.received]

    def keep(self, request: Received) -> int:
        with self._lock:
            self.received.append(request)
        return self.answer(request)


class Server(ThreadingHTTPServer):
    """A server that, when it ends, leaves no connection behind."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._connections: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.append(connection)
        return connection, address

    def hang_up(self) -> None:
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: Any) -> None:
        """A connection that was cut off."""


@contextmanager
def receiving(receiver: Receiver) -> Iterator[Receiver]:
    """The receiver, listening; on the port that it had, if it had one."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            if len(body) < length:  # cut off
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.keep(Received(headers, body, self.path)))
            if receiver.location:
                self.send_header("location", receiver.location)
            if receiver.retry_after:
                self.send_header("retry-after", receiver.retry_after)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", receiver.port), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        server.hang_up()
        thread.join()
