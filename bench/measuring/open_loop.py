"""An open-loop load: requests are sent at a rate, whether or not the ones before them are answered.

Run by `run_open_loop`, as a process of its own: python -m bench.measuring.open_loop PORT RATE SECONDS CONNECTIONS
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvloop

DEADLINE_SECONDS = 1.0
"""An answer that comes later is not counted as good."""

TICK_SECONDS = 0.001


@dataclass(frozen=True)
class OpenLoad:
    """offered: requests a second that were due; good: those of them that were answered with 200 in time. refused:
    those that were answered with 429 or 503; late: not in time or not at all. p50, p99: milliseconds of good answers,
    from the moment at which each was due."""

    offered: float
    good: float
    refused: float
    late: float
    p50: float
    p99: float
    statuses: Mapping[str, int] = field(default_factory=dict)


def run_open_loop(
    port: int, bodies: Sequence[bytes], headers: Mapping[str, str], rate: float, seconds: float, connections: int
) -> OpenLoad:
    """Send `bodies` in turn to /graphql at `rate` a second for `seconds`, over up to `connections` connections."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    texts = [
        f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{lines}"
        f"content-length: {len(body)}\r\n\r\n".encode()
        + body
        for body in bodies
    ]
    command = [sys.executable, "-m", __name__, *map(str, (port, rate, seconds, connections))]
    given = json.dumps([text.decode("latin-1") for text in texts])
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return OpenLoad(**json.loads(done.stdout))


class Connection(asyncio.Protocol):
    """One connection, which is free between an answer and the next request."""

    def __init__(self, sender: "Sender") -> None:
        self.sender, self.due, self.read = sender, 0.0, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def send(self, text: bytes, due: float) -> None:
        """Send a request that was due at a time."""
        self.due = due
        self.transport.write(text)

    def data_received(self, data: bytes) -> None:
        self.read += data
        head, end, body = self.read.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self.sender.note(int(head[9:12]), time.perf_counter() - self.due)
            self.read, self.due = body[length:], 0.0
            if b"connection: close" not in head.lower():
                self.sender.free.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.sender.opened -= 1
        if self in self.sender.free:
            self.sender.free.remove(self)


@dataclass
class Sender:
    """Sends the texts in turn."""

    port: int
    texts: Sequence[bytes]
    connections: int
    free: list[Connection] = field(default_factory=list)
    opened: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    good: list[float] = field(default_factory=list)
    opening: set[asyncio.Task[None]] = field(default_factory=set)

    def note(self, status: int, seconds: float) -> None:
        """Note an answer."""
        self.statuses[status] += 1
        if status == 200 and seconds <= DEADLINE_SECONDS:
            self.good.append(seconds)

    async def open(self, count: int) -> None:
        """Open connections."""
        loop = asyncio.get_running_loop()
        for _ in range(count):
            self.opened += 1
            try:
                _, made = await loop.create_connection(lambda: Connection(self), "127.0.0.1", self.port)
            except OSError:
                self.opened -= 1
            else:
                self.free.append(made)

    async def run(self, rate: float, seconds: float) -> OpenLoad:
        """Send at a rate, and wait for the last answers."""
        await self.open(self.connections)
        began, due = time.perf_counter(), 0
        while (now := time.perf_counter()) < began + seconds:
            while due < (now - began) * rate:
                self.send_one(began + due / rate, due)
                due += 1
            await asyncio.sleep(TICK_SECONDS)
        await asyncio.sleep(DEADLINE_SECONDS)
        return self.tell(due, seconds)

    def send_one(self, at: float, number: int) -> None:
        """Send a request, if a connection is free; it counts as late otherwise."""
        if self.free:
            self.free.pop().send(self.texts[number % len(self.texts)], at)
        elif self.opened < self.connections and not self.opening:
            task = asyncio.create_task(self.open(self.connections - self.opened))
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)

    def tell(self, due: int, seconds: float) -> OpenLoad:
        """Return the figures."""
        refused = self.statuses[429] + self.statuses[503]
        found = sorted(self.good) or [0.0]
        return OpenLoad(
            offered=due / seconds,
            good=len(self.good) / seconds,
            refused=refused / seconds,
            late=(due - len(self.good) - refused) / seconds,
            p50=found[len(found) // 2] * 1000,
            p99=found[len(found) * 99 // 100] * 1000,
            statuses={str(status): count for status, count in self.statuses.items()},
        )


def main() -> None:
    """Read the texts from standard input, and print the figures."""
    port, rate, seconds, connections = sys.argv[1:]
    texts = [text.encode("latin-1") for text in json.load(sys.stdin)]
    sender = Sender(int(port), texts, int(connections))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(sender.run(float(rate), float(seconds)))
    print(json.dumps(found.__dict__))


if __name__ == "__main__":
    main()
