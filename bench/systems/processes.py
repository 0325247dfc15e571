"""Run a server as a child process."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
STARTING_SECONDS = 60.0
STOPPING_SECONDS = 30.0


class StartError(RuntimeError):
    """A server did not start. The message ends with its output."""


def free_port() -> int:
    """A free TCP port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def run_server(command: Sequence[str], environment: Mapping[str, str], port: int, log: Path) -> Iterator[int]:
    """Run `command` until the context ends, with its output in `log`, and yield its process number.

    Raises StartError if `port` stays closed.
    """
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, port, log)
        yield process.pid
    finally:
        process.terminate()
        process.wait(STOPPING_SECONDS)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + STARTING_SECONDS
    while not _listening(port):
        if process.poll() is not None or time.monotonic() > until:
            raise StartError(f"{process.args!r} does not listen. It wrote:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
