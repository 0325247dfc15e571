"""The results of checks."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The state of a check. A PROBLEM needs action now, a WARNING later."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """The result of a check. found: a sentence without personal data. remedy: what to do, unless the state is OK."""

    check: str
    state: State
    found: str
    remedy: str = ""


def ok(check: str, found: str) -> Finding:
    return Finding(check, State.OK, found)


def warning(check: str, found: str, remedy: str) -> Finding:
    return Finding(check, State.WARNING, found, remedy)


def problem(check: str, found: str, remedy: str) -> Finding:
    return Finding(check, State.PROBLEM, found, remedy)
