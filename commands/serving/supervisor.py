"""The processes of `suxin serve`: those that serve, and those beside them."""

import gc
import logging
import signal
from collections.abc import Sequence
from socket import socket
from time import monotonic
from typing import Any

import uvicorn
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from commands.serving.beside import Backoff, ProcessBeside
from protocols.opening import is_open
from protocols.stopping import StoppingServer

READY_SECONDS = 120
"""How long a process may take to start in a rolling restart, before it is given up."""

SLICE_SECONDS = 0.2
STARTING_SECONDS, LONGEST_START_SECONDS = 0.1, 600
"""How long an answer of a process is waited for that has not answered yet, and when it is given up."""

JOIN_SECONDS, ENDING_SECONDS = 30, 2
"""How long a process may take to end: when it was asked to, and when it answers no more."""

log = logging.getLogger("suxin.supervisor")


class ServingProcess(Process):
    """A process that serves. It is ready when its gate is open. One that has not answered yet is given time to start:
    on a busy machine that takes minutes, and another one would take as long."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket], backoff: Backoff) -> None:
        super().__init__(config, sockets)
        self.backoff, self.noted, self.answered, self.greeted = backoff, False, False, False

    def start(self) -> None:
        """Start it."""
        self.backoff.begin()
        super().start()

    def is_alive(self, timeout: float = 5) -> bool:
        """Return whether it runs and answers, or is still starting."""
        if not self.process.is_alive():
            return False
        if self.answered:
            return self.ping(timeout)
        self.answered = self.ping(STARTING_SECONDS)
        return self.answered or monotonic() - self.backoff.began < LONGEST_START_SECONDS

    def greet(self) -> bool:
        """Say once that it serves. Returns whether it has been said."""
        if not self.greeted and self.answered and self.is_ready():
            self.greeted = True
            log.info("process %s serves", self.pid)
        return self.greeted

    def _healthcheck(self, timeout: float) -> bool | None:
        """Ask, after what was answered too late has been read. A process that ends meanwhile is not waited for."""
        until = monotonic() + timeout
        try:
            while self.parent_conn.poll():
                self.parent_conn.recv()
            self.parent_conn.send(b"ping")
            while not self.parent_conn.poll(min(timeout, SLICE_SECONDS)):
                if monotonic() > until or not self.process.is_alive():
                    return None
            return bool(self.parent_conn.recv())
        except (OSError, EOFError):
            return None

    def target(self, sockets: list[socket] | None = None) -> None:
        """Serve, in the process. Garbage is collected from the end of the start on (`server.warm_up`)."""
        gc.disable()
        self._server = StoppingServer(self.config)
        super().target(sockets)

    def pong(self) -> None:
        """Answer one ping, in the process."""
        self.child_conn.recv()
        self.child_conn.send(self.server.started and is_open(self.server.lifespan.state))


class Supervisor(Multiprocess):
    """Starts the processes, replaces each that ends, and ends all by SIGTERM or SIGINT. SIGHUP replaces those that
    serve one after the other, without an interruption.

    A serving process that ends by itself with an error before any has served ends the command, with its exit code: the
    next one would fail in the same way. Later ones are replaced, after a while if they end again and again.

    beside: the processes beside those that serve.
    """

    def __init__(self, config: uvicorn.Config, sockets: Sequence[socket], beside: Sequence[ProcessBeside]) -> None:
        super().__init__(config, list(sockets))
        self.served, self.beside = False, beside
        self.retired: list[ServingProcess] = []
        self.code = 0
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.should_exit.set())

    def _make(self, backoff: Backoff | None = None) -> ServingProcess:
        made = ServingProcess(self.config, self.sockets, backoff or Backoff())
        made.start()
        return made

    def init_processes(self) -> None:
        """Start all processes."""
        self.processes.extend(self._make() for _ in range(self.processes_num))
        for one in self.beside:
            one.start()

    def keep_subprocess_alive(self) -> None:
        """Replace each process that has ended."""
        for place, one in enumerate(self.processes):
            assert isinstance(one, ServingProcess)  # noqa: S101 - all are made here
            if self.should_exit.is_set():
                return
            if one.is_alive(self.config.timeout_worker_healthcheck):
                self.served = one.greet() or self.served
            else:
                self._replace(place)
        for other in self.beside:
            other.replace_ended()
        self._reap()

    def _replace(self, place: int) -> None:
        ended: Any = self.processes[place]
        if not ended.noted:
            ended.noted = True
            ended.process.join(ENDING_SECONDS)
            ended.kill()  # it may hang
            ended.join()
            if not self.served and (ended.exitcode or 0) > 0:
                log.error("a serving process could not start")
                self.code = ended.exitcode
                self.should_exit.set()
                return
            log.error("a serving process ended with %s, replaced in %.0f seconds", ended.exitcode, ended.backoff.end())
        if ended.backoff.is_due():
            self.processes[place] = self._make(ended.backoff)

    def restart_all(self) -> None:
        """Replace each serving process by one that is ready, and let the former finish what it has begun. What is not
        ready in time leaves the former in place."""
        for place, former in enumerate(self.processes):
            new = self._make()
            if not new.wait_until_ready(READY_SECONDS, self.should_exit):
                new.kill()
                new.join()
                log.error("a serving process was not ready in time, the former ones go on")
                return
            self.processes[place] = new
            former.terminate()
            self.retired.append(former)  # type: ignore[arg-type]  # all are made here
        for one in self.beside:
            one.restart()

    def _reap(self) -> None:
        """Take leave of former processes that have ended."""
        self.retired = [one for one in self.retired if one.process.is_alive()]

    def handle_ttin(self) -> None:
        """Add a serving process."""
        self.processes_num += 1
        self.processes.append(self._make())

    def terminate_all(self) -> None:
        """Ask all processes to end, and listen no more: a proxy then asks elsewhere."""
        super().terminate_all()
        for one in self.sockets:
            one.close()
        for other in self.beside:
            other.process.terminate()

    def join_all(self) -> None:
        """Wait for the end of all processes."""
        for one in (*self.processes, *self.retired):
            one.process.join(JOIN_SECONDS)
            one.process.kill()
            one.process.join()
        for other in self.beside:
            other.join()


def make_supervisor(config: uvicorn.Config, listener: socket, *, work: bool, kept: bool) -> Supervisor:
    """Return the supervisor. work: whether the worker runs here. kept: whether the database is embedded."""
    keeper = [ProcessBeside("keeper", "commands.serving.keeper:keep_embedded", renewed=False)] if kept else []
    worker = [ProcessBeside("worker", "commands.work:work_until_ended", renewed=True)] if work else []
    return Supervisor(config, [listener], [*keeper, *worker])
