"""What a verification of the transparency log finds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

MOST_FAULTS = 1_000


class FaultKind(StrEnum):
    """What is wrong with an entry, or with the log."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    BACKDATED = "backdated"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    PROMISE = "promise"


@dataclass(frozen=True)
class Fault:
    """A fault. index: of the entry in the log, if it concerns one. found: a sentence without personal data."""

    kind: FaultKind
    found: str
    index: int | None = None


@dataclass
class Verification:
    """The result of a verification.

    size, root: of the log. erased: entries of more than ten years ago that have lost their details. pending: answers
    that are not in the log yet. total: the number of faults, of which `faults` has the first.
    """

    size: int = 0
    root: bytes = b""
    erased: int = 0
    pending: int = 0
    total: int = 0
    faults: list[Fault] = field(default_factory=list)

    def report(self, kind: FaultKind, found: str, index: int | None = None) -> None:
        """Add a fault."""
        self.total += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(kind, found, index))

    @property
    def kinds(self) -> Sequence[FaultKind]:
        """The kinds of faults, each once."""
        return list(dict.fromkeys(fault.kind for fault in self.faults))
