"""The real command in a process of its own, for tests that kill it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

DEADLINE_SECONDS, PAUSE_SECONDS = 240, 0.05
"""How long something is waited for, and how long the processor is left to it between two looks."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], bool]) -> None:
    """Try until it holds; fails after the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            if holds():
                return
        except httpx2.TransportError:
            pass
        assert time.monotonic() < deadline
        time.sleep(PAUSE_SECONDS)


@dataclass
class Command:
    """`suxin serve` on a port of its own. said: the file of what it prints."""

    environment: Mapping[str, str]
    workers: int = 1
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    said: Path | None = None

    @property
    def origin(self) -> str:
        """Its address, which is its issuer as well."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self.begin()
        try:
            wait_until(lambda: httpx2.get(f"{self.origin}/readyz").status_code == 200)
        except AssertionError:
            self.kill()
            raise

    def begin(self) -> None:
        """Start it."""
        arguments = ["serve", "--port", str(self.port), "--workers", str(self.workers)]
        command = [str(Path(sys.executable).with_name("suxin")), *arguments]
        environment = {**os.environ, **self.environment, "SUXIN_ISSUER": self.origin}
        with (self.said or Path(os.devnull)).open("ab") as into:
            self.process = subprocess.Popen(command, env=environment, stdout=into, stderr=into)

    def kill(self) -> None:
        """Kill it, as a machine that loses its power does."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it, as its operator does."""
        assert self.process
        self.process.terminate()
        self.process.wait()
