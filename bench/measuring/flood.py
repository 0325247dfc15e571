"""A flood: each of a number of connections sends a request again as soon as it is answered, or refused.

Run by `flooding`, as a process of its own: python -m bench.measuring.flood PORT CONNECTIONS
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count

import uvloop

STARTING_SECONDS = 30
SOURCE = "127.0.0.2"
"""The address that the flood comes from: another one than that of those who are measured beside it."""


def write_request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Return the text of a request."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\nhost: x\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def flooding(port: int, texts: Sequence[bytes], connections: int) -> Iterator[Counter[str]]:
    """Send texts in turn while the context lasts. Yields a counter that has the statuses of the answers afterwards."""
    command = [sys.executable, "-m", __name__, str(port), str(connections)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps([text.decode("latin-1") for text in texts]) + "\n")
    process.stdin.flush()
    process.stdout.readline()  # it has begun
    found = Counter[str]()
    try:
        yield found
    finally:
        process.stdin.close()  # which ends it
        found.update(json.loads(process.stdout.read()))
        process.wait()


async def send_again(port: int, texts: Sequence[bytes], numbers: Iterator[int], statuses: Counter[str]) -> None:
    """Send texts over one connection, and over another one when it is closed."""
    while True:
        with suppress(OSError, asyncio.IncompleteReadError, ValueError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(SOURCE, 0))
            try:
                while True:
                    writer.write(texts[next(numbers) % len(texts)])
                    statuses[await _read_answer(reader)] += 1
            finally:
                writer.close()
        await asyncio.sleep(0.001)


async def _read_answer(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return head[9:12].decode()


async def flood(port: int, connections: int) -> Counter[str]:
    """Send until standard input is closed."""
    texts = [text.encode("latin-1") for text in json.loads(sys.stdin.readline())]
    statuses, numbers = Counter[str](), count()
    tasks = [asyncio.create_task(send_again(port, texts, numbers, statuses)) for _ in range(connections)]
    print("begun", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return statuses


def main() -> None:
    """Flood, and print the statuses."""
    port, connections = map(int, sys.argv[1:])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(flood(port, connections))))


if __name__ == "__main__":
    main()
