"""A door in front of the tests' PostgreSQL: while it is shut, the database is away for those who go through it."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from served import free_port

CHUNK = 64 * 1024


@dataclass
class Door:
    """Forwards a port to the server's socket while it is open."""

    behind: Path
    port: int = field(default_factory=free_port)
    _end: socket.socket | None = None
    _thread: threading.Thread | None = None

    def open(self) -> None:
        """Let connections through."""
        self._end, told = socket.socketpair()
        listening = socket.create_server(("127.0.0.1", self.port))
        self._thread = threading.Thread(target=self._forward, args=(listening, told))
        self._thread.start()

    def shut(self) -> None:
        """Cut all connections, and take no more."""
        if self._end and self._thread:
            self._end.close()
            self._thread.join()
        self._end = self._thread = None

    def _forward(self, listening: socket.socket, told: socket.socket) -> None:
        others: dict[socket.socket, socket.socket] = {}
        with selectors.DefaultSelector() as selector, listening, told:
            selector.register(listening, selectors.EVENT_READ)
            selector.register(told, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    one = key.fileobj
                    assert isinstance(one, socket.socket)
                    if one is told:
                        for each in others:
                            each.close()
                        return
                    if one is listening:
                        visitor, inner = listening.accept()[0], socket.socket(socket.AF_UNIX)
                        inner.connect(str(self.behind))
                        others |= {visitor: inner, inner: visitor}
                        for each in (visitor, inner):
                            selector.register(each, selectors.EVENT_READ)
                    elif one in others:
                        self._pass_on(one, others, selector)

    def _pass_on(
        self, one: socket.socket, others: dict[socket.socket, socket.socket], selector: selectors.DefaultSelector
    ) -> None:
        data = b""
        with suppress(OSError):
            data = one.recv(CHUNK)
            others[one].sendall(data)
        if not data:
            for each in (one, others[one]):
                selector.unregister(each)
                del others[each]
                each.close()


@contextmanager
def make_door(url: sa.URL) -> Iterator[tuple[Door, sa.URL]]:
    """A shut door in front of a database, and the database's URL through it."""
    door = Door(Path(str(url.query["host"])) / ".s.PGSQL.5432")
    yield door, url.set(query={}, host="127.0.0.1", port=door.port)
    door.shut()
