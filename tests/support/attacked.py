"""The command under attack, and a bystander who asks it meanwhile. The figure of each attack is logged."""

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
from served import Command
from wire import Wire

LIVE = b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
log = logging.getLogger("attacks")


@dataclass(kw_only=True)
class Attacked:
    """The command under attack. taken: seconds of the bystander's answers."""

    command: Command
    taken: list[float] = field(default_factory=list)

    def memory(self) -> int:
        """Bytes of memory of all its processes."""
        assert self.command.process
        parent = psutil.Process(self.command.process.pid)
        return sum(int(one.memory_info().rss) for one in [parent, *parent.children(recursive=True)])

    @contextmanager
    def bystander(self) -> Iterator[None]:
        """A bystander, who asks by a new connection again and again while the context lasts."""
        ended, self.taken = threading.Event(), []

        def ask() -> None:
            while not ended.is_set():
                started = time.perf_counter()
                with Wire(self.command.port) as wire:
                    assert wire.send(LIVE).answer()[0] == 200
                self.taken.append(time.perf_counter() - started)

        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(ask)
            try:
                yield
            finally:
                ended.set()
                asking.result()

    def tell(self, attack: str, figure: object) -> None:
        """Log the figure of an attack, and what the bystander noticed."""
        found = sorted(self.taken)
        times = f"p50 {found[len(found) // 2] * 1000:.1f} ms, at most {found[-1] * 1000:.0f} ms, {len(found)} answers"
        log.info("%s: %s; a bystander: %s", attack, figure, times)
