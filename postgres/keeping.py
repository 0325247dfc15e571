"""The keeper of the embedded server: starts it again when it has ended, and stops it after a service that was killed.

The keeper is a process beside the service. While it lives it holds the lock of a file, which the kernel gives back when
it dies, however it dies.
"""

import fcntl
import logging
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

KEPT = "_SUXIN_KEEPER"
"""The environment variable that names the file to the processes of the service."""

LOOK_SECONDS = 0.5
FAILURES = (OSError, AssertionError, RuntimeError, subprocess.SubprocessError)
"""What the start of a server raises. It is tried again: a server that was killed leaves processes that take a while."""

log = logging.getLogger("suxin.keeper")


def get_lock_file(data_dir: Path) -> Path:
    """Return the file that the keeper of a data directory locks."""
    return data_dir.absolute() / "postgresql.keeper"


def find_kept(environment: Mapping[str, str]) -> Path | None:
    """Return the file of the keeper of this service; None if its database has none."""
    return Path(name) if (name := environment.get(KEPT)) else None


def keep(data_dir: Path, end: Event) -> None:
    """Keep the server of a data directory running until `end` is set. The last of its users stops it."""
    from postgres.embedded import start  # noqa: PLC0415 - not needed with a URL

    number = os.open(get_lock_file(data_dir), os.O_RDWR | os.O_CREAT, 0o644)
    while not _lock(number):  # of several services on one directory, one keeps
        if end.wait(LOOK_SECONDS):
            return
    server = start(data_dir.absolute() / "postgresql")
    try:
        while not end.wait(LOOK_SECONDS):
            if not server.is_running():
                _revive(server)
    finally:
        os.close(number)
        server.stop_gently()


def _lock(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _revive(server: Any) -> None:
    log.error("the embedded PostgreSQL has ended, it is started again")
    try:
        server.revive()
    except FAILURES as error:
        log.error("the embedded PostgreSQL did not start: %s", type(error).__name__)
