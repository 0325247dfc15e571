"""Processes beside those that serve: the worker, and the keeper of the embedded server. No other depends on them."""

import gc
import logging
import signal
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pkgutil import resolve_name
from time import monotonic

from jobs.parent import end_with_parent

JOIN_SECONDS = 20
LONGEST_SECONDS, STEADY_SECONDS = 30.0, 60.0
log = logging.getLogger("suxin.supervisor")


@dataclass
class Backoff:
    """When something that has ended is started again: at once, then after 1, 2, 4 … 30 seconds, and at once again after
    it has lasted for a minute."""

    began: float = 0.0
    due: float = 0.0
    ends: int = 0

    def begin(self) -> None:
        """Note the start."""
        self.began = monotonic()

    def end(self) -> float:
        """Note the end. Returns the seconds until the next start."""
        self.ends = 0 if monotonic() - self.began > STEADY_SECONDS else self.ends + 1
        pause = min(LONGEST_SECONDS, 2.0 ** (self.ends - 2)) if self.ends > 1 else 0.0
        self.due = monotonic() + pause
        return pause

    def is_due(self) -> bool:
        """Return whether the time of the next start has come."""
        return monotonic() >= self.due


class ProcessBeside:
    """A process that is started again when it ends. name: for the log. work: its function, as `module:name`. renewed:
    whether a rolling restart replaces it."""

    def __init__(self, name: str, work: str, *, renewed: bool) -> None:
        self._name, self._work, self._renewed = name, work, renewed
        self.process, self._backoff, self._noted = self._make(), Backoff(), False

    def _make(self) -> BaseProcess:
        return get_context("spawn").Process(target=run_beside, args=(self._work,), name=self._name)

    def start(self) -> None:
        """Start it."""
        self._noted = False
        self._backoff.begin()
        self.process.start()

    def replace_ended(self) -> None:
        """Start another process if this one has ended, when it is time."""
        if self.process.exitcode is None:
            return
        if not self._noted:
            self._noted = True
            wait = self._backoff.end()
            text = "the process of the %s ended with %s, another one is started in %.0f seconds"
            log.error(text, self._name, self.process.exitcode, wait)
        if self._backoff.is_due():
            self.process = self._make()
            self.start()

    def restart(self) -> None:
        """End it, so that another one is started, if it is one to be renewed."""
        if self._renewed:
            self._backoff = Backoff()  # this end is no failure
            self.process.terminate()

    def join(self) -> None:
        """Wait for its end, for a time: its work is done again by the next one."""
        self.process.join(JOIN_SECONDS)
        self.process.kill()


def run_beside(work: str) -> None:
    """Run `work` in this process until its parent ends. Ctrl-C is for the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    gc.disable()  # as in `commands.lazy`
    found = resolve_name(work)
    gc.freeze()
    gc.enable()
    found()
