"""The use of connections by transactions that are charged, and how much of it was a wait for locks of others.

A wait occupies a connection, but it is no work, and often another client's transaction is what lasts: each counts up to
`MOST_WAITED_SECONDS`. Waits are the durations of statements that take locks, and of those that gave up waiting.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from postgres.errors import LOCK_NOT_AVAILABLE
from sqlstate import get_sqlstate

MOST_WAITED_SECONDS = 0.05
"""What counts of a wait. The database ends each wait after half a second (`lock_timeout`)."""

LOCKS = re.compile(r"\bFOR (NO KEY |KEY )?(UPDATE|SHARE)\b(?!.*SKIP LOCKED)|\bpg_advisory_xact_lock\(", re.S)
"""Statements that wait for locks: rows are found by key, so that they do little else."""


@dataclass
class Usage:
    """seconds: for which connections were held; uncounted: of these, for locks, beyond what counts of each wait."""

    seconds: float = 0.0
    uncounted: float = 0.0

    @property
    def counted(self) -> float:
        """The seconds that count as work."""
        return max(0.0, self.seconds - self.uncounted)

    def wait(self, seconds: float) -> None:
        """Note one wait."""
        self.uncounted += max(0.0, seconds - MOST_WAITED_SECONDS)


@lru_cache(1024)
def takes_locks(statement: str) -> bool:
    """Return whether a statement waits for locks of others."""
    return LOCKS.search(statement) is not None


USAGE: ContextVar[Usage | None] = ContextVar("usage", default=None)


@contextmanager
def measure_usage() -> Iterator[Usage]:
    """Measure the transactions of the task while the context lasts."""
    token = USAGE.set(usage := Usage())
    try:
        yield usage
    finally:
        USAGE.reset(token)


@contextmanager
def use_connection() -> Iterator[None]:
    """Count the time of a connection that is there: not the wait for one."""
    usage, began = USAGE.get(), perf_counter()
    try:
        yield
    finally:
        if usage is not None:
            usage.seconds += perf_counter() - began


def note_waits(engine: AsyncEngine) -> None:
    """Note the waits of an engine's statements in the usage that is measured."""
    sa.event.listen(engine.sync_engine, "before_cursor_execute", _begin)
    sa.event.listen(engine.sync_engine, "after_cursor_execute", _end)
    sa.event.listen(engine.sync_engine, "handle_error", _fail)


def _begin(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    if context is not None and USAGE.get() is not None:
        context.began = perf_counter()


def _end(_connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    if USAGE.get() is not None and takes_locks(statement):
        _note(context)


def _fail(failed: Any) -> None:
    if get_sqlstate(failed.original_exception) == LOCK_NOT_AVAILABLE:
        _note(failed.execution_context)


def _note(context: Any) -> None:
    usage, began = USAGE.get(), getattr(context, "began", None)
    if usage is not None and began is not None:
        usage.wait(perf_counter() - began)
