"""A receiver of webhooks on this machine."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

LARGEST_BODY = 64 * 1024
Taken = Callable[[dict[str, str], bytes], bool]
"""Takes headers and body of a delivery; False to refuse it."""


@contextmanager
def run_receiver(port: int, take: Taken) -> Iterator[int]:
    """Receive deliveries on 127.0.0.1 while the context lasts. Yields the port. port: 0 for a free one. Raises
    OSError."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length) if 0 < length <= LARGEST_BODY else b""
            taken = take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(204 if taken else 400)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def describe(body: bytes) -> str:
    """Return a delivery as one line of JSON."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False)
    except ValueError:
        return json.dumps(body.decode("utf-8", "replace"), ensure_ascii=False)
