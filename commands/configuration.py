"""Where the settings of a command come from: the environment, then the file of `--config` or the default one."""

import os
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from pathlib import Path

import settings_file
from settings import Settings

CHOSEN: ContextVar[Path | None] = ContextVar("chosen", default=None)
"""The file that `--config` names."""

NAMED: ContextVar[str | None] = ContextVar("named", default=None)
"""Who gives the command, as `--operator` names them."""

FOUND: ContextVar[Path | None] = ContextVar("found", default=None)
"""The file that was read."""


def choose_file(path: Path | None, operator: str | None = None) -> Callable[[], None]:
    """Say which file the command reads when it needs its settings; None is the default one. operator: who gives it.

    Returns what takes the settings of the file back out of the environment, for processes that run several commands.
    """
    CHOSEN.set(path)
    NAMED.set(operator)
    FOUND.set(None)
    before = dict(os.environ)
    return lambda: _take_back(before)


def read_settings() -> Settings:
    """Return the settings of this command, and put those of the file into the environment for its processes.

    Raises SettingsError.
    """
    load_file()
    return Settings.from_environment()


def load_file() -> None:
    """Put the settings of the file into the environment. Raises SettingsError."""
    FOUND.set(settings_file.load(CHOSEN.get(), os.environ))


def _take_back(before: Mapping[str, str]) -> None:
    for name in os.environ.keys() - before.keys():
        if name.startswith(settings_file.PREFIXES):
            del os.environ[name]
