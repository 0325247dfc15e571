"""What an examination finds."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How something is. A WARNING can wait, a PROBLEM cannot."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. found: in a sentence, and nothing personal. remedy: what to do, unless it is ok."""

    check: str
    state: State
    found: str
    remedy: str = ""


def ok(check: str, found: str) -> Finding:
    """Something is as it should be."""
    return Finding(check, State.OK, found)


def warning(check: str, found: str, remedy: str) -> Finding:
    """Something should be looked after."""
    return Finding(check, State.WARNING, found, remedy)


def problem(check: str, found: str, remedy: str) -> Finding:
    """Something is wrong."""
    return Finding(check, State.PROBLEM, found, remedy)
