"""Subscribers to a bank's events by clients of their own: websockets, httpx2, npm graphql-ws and npm graphql-sse."""

import asyncio
import json
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from compilers import HOME
from websockets.asyncio.client import connect

import nodejs

SUBSCRIBE = "subscription { events { cursor node { id kind reference } } }"
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Heard:
    """An event, and when it was there, in seconds."""

    at: float
    node: dict[str, str]


@dataclass
class Subscriber:
    """Hears `count` events of whom `token` is for, in a thread of its own."""

    origin: str
    token: str
    count: int
    heard: list[Heard] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    coming: threading.Condition = field(default_factory=threading.Condition)
    thread: threading.Thread | None = None

    def start(self) -> None:
        """Subscribe."""
        self.thread = threading.Thread(target=self.hear, daemon=True)
        self.thread.start()
        assert self.begun.wait(PATIENCE_SECONDS)

    def wait_for(self, count: int) -> None:
        """Wait until so many have come."""
        with self.coming:
            assert self.coming.wait_for(lambda: len(self.heard) >= count, PATIENCE_SECONDS)

    def finish(self) -> None:
        """Wait for its thread to end."""
        assert self.thread
        self.thread.join(PATIENCE_SECONDS)
        assert len(self.heard) == self.count

    def hear(self) -> None:
        """Say that it has begun, and keep what comes."""
        raise NotImplementedError

    def keep(self, at: float, node: dict[str, str]) -> None:
        """An event has come."""
        with self.coming:
            self.heard.append(Heard(at, node))
            self.coming.notify_all()


class PythonSocket(Subscriber):
    """graphql-transport-ws, spoken by hand."""

    def hear(self) -> None:
        """In an event loop of its own."""
        asyncio.run(self._hear())

    async def _hear(self) -> None:
        url = self.origin.replace("http:", "ws:") + "/graphql"
        async with connect(url, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]  # a NewType
            payload: dict[str, Any] = {"authorization": f"Bearer {self.token}"}
            await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
            await socket.recv()
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": SUBSCRIBE}}))
            self.begun.set()
            while len(self.heard) < self.count:
                self.keep(time.time(), json.loads(await socket.recv())["payload"]["data"]["events"]["node"])


class PythonStream(Subscriber):
    """Server-sent events, read line by line."""

    def hear(self) -> None:
        """Until the last event."""
        headers = {"authorization": f"Bearer {self.token}", "accept": "text/event-stream"}
        url, body = f"{self.origin}/graphql", {"query": SUBSCRIBE}
        with (
            httpx2.Client(timeout=PATIENCE_SECONDS) as http,
            http.stream("POST", url, json=body, headers=headers) as told,
        ):
            self.begun.set()
            for text in told.iter_lines():
                if text.startswith("data: "):
                    self.keep(time.time(), json.loads(text.removeprefix("data: "))["data"]["events"]["node"])
                if len(self.heard) == self.count:
                    return


class NodeClient(Subscriber):
    """A client of npm, in a process of its own."""

    protocol = ""

    def hear(self) -> None:
        """What the process prints."""
        given = (self.protocol, f"{self.origin}/graphql", self.token, SUBSCRIBE, str(self.count))
        command: list[str | Path] = [nodejs.NODE, HOME / "subscribe.mjs", *given]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            assert process.stdout.readline() == "listening\n"
            self.begun.set()
            for text in process.stdout:
                self.keep(**json.loads(text))


class NodeSocket(NodeClient):
    """npm graphql-ws."""

    protocol = "ws"


class NodeStream(NodeClient):
    """npm graphql-sse."""

    protocol = "sse"


SUBSCRIBERS = (PythonSocket, PythonStream, NodeSocket, NodeStream)
