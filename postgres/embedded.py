"""The embedded PostgreSQL server."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

import psutil

from postgres.wheel import NAME, load_server

wheel = load_server()
LEAST_MEMORY, MOST_MEMORY = 128, 1024
"""Bounds of shared_buffers, in MiB."""

LOCKS = 256
"""max_locks_per_transaction: a statement over ten years of the access log locks 770 relations."""

START_SECONDS = 60
"""The maximum time until the server is ready. Recovery after a crash takes time."""

LEAVE_SECONDS = 25
"""How long the clients of a server are given to leave."""

SETTINGS = "suxin.conf"


class Server(wheel.PostgresServer):  # type: ignore[misc, name-defined]  # has no types
    """A server whose shared_buffers depend on the memory of the machine, with a longer timeout, which removes stale
    locks.
    """

    def ensure_pgdata_inited(self) -> None:
        """Create the data directory once and write the settings at every start."""
        super().ensure_pgdata_inited()
        settings = self.pgdata / SETTINGS
        settings.write_text(f"shared_buffers = '{compute_shared_buffers()}MB'\nmax_locks_per_transaction = {LOCKS}\n")
        settings.chmod(0o644)  # the server may run as another user
        own, include = self.pgdata / "postgresql.conf", f"include_if_exists = '{SETTINGS}'\n"
        if include not in own.read_text():
            with own.open("a") as file:
                file.write(include)

    def ensure_postgres_running(self) -> None:
        """Start the server unless it is running, and wait until it is ready. Raises subprocess.TimeoutExpired."""
        self._forget_dead()
        self._remove_stale_lock()
        try:
            super().ensure_postgres_running()
        except (subprocess.TimeoutExpired, AssertionError):  # the wheel waits 10 s, and only for its own server
            self._postmaster_info = self._ready()

    def is_running(self) -> bool:
        """Return whether the server's first process lives."""
        try:
            process = self.get_postmaster_info().process
            return bool(process and process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False

    def revive(self) -> None:
        """Start a server that has ended. Raises OSError, AssertionError, subprocess.SubprocessError."""
        with self._lock:
            self.ensure_postgres_running()

    def stop_gently(self) -> None:
        """End the use of the server. The last user stops it: its clients are given time to leave, if they were left
        alone by a user that was killed."""
        if self._users() <= {os.getpid()}:
            with suppress(subprocess.SubprocessError, OSError):
                waiting = ["-m", "smart", "-t", str(LEAVE_SECONDS), "stop"]
                wheel.pg_ctl(waiting, pgdata=self.pgdata, user=self.system_user)
        self.cleanup()

    def cleanup(self) -> None:
        """End the use of the server. The last user stops it."""
        with self._lock:
            self._forget_dead()
        super().cleanup()

    def _users(self) -> set[int]:
        return {one for one in self.global_process_id_list.get() if lives(one)}

    def _forget_dead(self) -> None:
        """Forget users that were killed, so that the last one stops the server."""
        if len(self.global_process_id_list.get()) != len(users := self._users()):
            self.global_process_id_list.put(sorted(users))

    def _remove_stale_lock(self) -> None:
        """Remove the lock of a crashed server if its process number belongs to another process, or to a dead one that
        nobody has buried: PostgreSQL and the wheel would take it for a running server."""
        lock = self.pgdata / "postmaster.pid"
        if lock.exists() and (number := lock.read_text().partition("\n")[0]).isdigit():
            try:
                process = psutil.Process(int(number))
                dead = process.status() == psutil.STATUS_ZOMBIE
                other = process.name() != "postgres"
            except psutil.Error:  # no such process, or no permission
                return
            if dead:
                self._await_orphans()
            if other or dead:
                lock.unlink()

    def _await_orphans(self) -> None:
        """Wait for the other processes of a dead server, which share its memory. Raises subprocess.TimeoutExpired."""
        until = time.monotonic() + START_SECONDS
        while any(_works_in(one, self.pgdata) for one in psutil.process_iter()):
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("postgres", START_SECONDS)
            time.sleep(0.05)

    def _ready(self) -> Any:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                found = wheel.PostmasterInfo.read_from_pgdata(self.pgdata)
            except AssertionError:  # incomplete file
                found = None
            if found and found.is_running() and found.status == "ready":
                return found
            time.sleep(0.2)
        raise subprocess.TimeoutExpired("pg_ctl start", START_SECONDS)


def _works_in(process: psutil.Process, directory: Path) -> bool:
    with suppress(psutil.Error):
        return bool(process.name() == "postgres" and process.cwd() == str(directory))
    return False


def lives(number: int) -> bool:
    """Return whether a process exists that has not ended."""
    try:
        return bool(psutil.Process(number).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def compute_shared_buffers() -> int:
    """Return an eighth of the machine's memory, within bounds, in MiB."""
    return int(min(max(psutil.virtual_memory().total // 8 // 2**20, LEAST_MEMORY), MOST_MEMORY))


class ProgramError(subprocess.SubprocessError):
    """A program of PostgreSQL has failed. The message is what it said."""


class _Complaints(logging.Handler):
    """Keeps what the last program that failed said, which the wheel writes to its log only."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the end of the standard error, which is the last argument, or of the server's log."""
        said = str(record.args[-1]) if isinstance(record.args, tuple) and record.args else record.getMessage()
        self.last = " ".join(" ".join(said.strip().splitlines()[-3:]).split())


COMPLAINTS = _Complaints(logging.ERROR)


def start(directory: Path) -> Server:
    """Start the server of a data directory. Raises OSError, subprocess.SubprocessError."""
    log = logging.getLogger(NAME)
    log.setLevel(logging.ERROR)
    log.propagate, log.handlers, COMPLAINTS.last = False, [COMPLAINTS], ""
    Server.runtime_path.mkdir(parents=True, exist_ok=True)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory.resolve()
    try:
        known: Server = Server._instances.get(path) or Server(path)
    except BaseException as error:
        Server._instances.pop(path, None)  # otherwise the next call would return the server that did not start
        if isinstance(error, subprocess.CalledProcessError):
            raise ProgramError(COMPLAINTS.last or str(error)) from error
        raise
    return known


@contextmanager
def end_orderly() -> Iterator[None]:
    """Have SIGTERM end this process by SystemExit, so that what it has started is stopped. For processes that do not
    handle the signal themselves."""
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
