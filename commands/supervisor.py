"""The processes of `suxin serve`: those that serve, and one for the worker."""

import logging
import signal
from collections.abc import Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pkgutil import resolve_name
from socket import socket

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from jobs.parent import end_with_parent

log = logging.getLogger("suxin.supervisor")


class Supervisor(Multiprocess):
    """Starts the serving processes and the worker, replaces each that ends, and ends all by SIGTERM or SIGINT.

    A serving process that ends by itself with an error before any has served ends the command: the next one would fail
    in the same way. One that is killed is replaced.

    work: the function that the process of the worker runs, as `module:name`; None if another machine runs the worker.
    """

    def __init__(self, config: uvicorn.Config, sockets: Sequence[socket], work: str | None) -> None:
        super().__init__(config, list(sockets))
        self.served = self.failed = False
        self.worker = WorkerProcess(work) if work else None

    def init_processes(self) -> None:
        """Start all processes."""
        super().init_processes()
        if self.worker:
            self.worker.start()

    def keep_subprocess_alive(self) -> None:
        """Replace each process that has ended."""
        if not self.served and any((one.exitcode or 0) > 0 for one in self.processes):
            log.error("a serving process could not start")
            self.failed = True
            self.should_exit.set()
            return
        self.served = self.served or any(one.is_ready() for one in self.processes)
        super().keep_subprocess_alive()
        if self.worker and not self.should_exit.is_set():
            self.worker.replace_ended()

    def terminate_all(self) -> None:
        """Ask all processes to end."""
        super().terminate_all()
        if self.worker:
            self.worker.process.terminate()

    def join_all(self) -> None:
        """Wait for the end of all processes."""
        super().join_all()
        self.failed = self.failed or any(one.exitcode == STARTUP_FAILURE for one in self.processes)
        if self.worker:
            self.worker.join()


class WorkerProcess:
    """The process of the worker. The serving processes do not depend on it, and it takes no time from them."""

    def __init__(self, work: str) -> None:
        self._work = work
        self.process = self._make()

    def _make(self) -> BaseProcess:
        return get_context("spawn").Process(target=run_beside, args=(self._work,), name="worker")

    def start(self) -> None:
        """Start it."""
        self.process.start()

    def replace_ended(self) -> None:
        """Start another process if this one has ended."""
        if self.process.exitcode is not None:
            log.error("the process of the worker ended with %s, another one is started", self.process.exitcode)
            self.process = self._make()
            self.start()

    def join(self) -> None:
        """Wait for its end, 20 seconds at most: its work is done again by the next worker."""
        self.process.join(20)
        self.process.kill()


def run_beside(work: str) -> None:
    """Run `work` in this process until its parent ends. Ctrl-C is for the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    resolve_name(work)()
