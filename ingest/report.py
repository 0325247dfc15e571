"""What an import reports: counts that are properties of the file, what it did to the database, and the rejects file."""

import csv
import os
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from models.event import EventKind
from models.identifiers import IdentifierError

MOST_WORDS = 1000


class ImportFileError(RuntimeError):
    """The file as a whole cannot be imported; the message says why and what to do."""


class LineError(IdentifierError):
    """A line that cannot be accepted. `code` is its reason; the message says what to do and repeats nothing of it.

    `word`: the word that is in no vocabulary, where that is the reason. It is none of a person's data.
    """

    def __init__(self, code: str, sentence: str, word: str = "") -> None:
        super().__init__(code, sentence)
        self.word = word


@dataclass
class Tally:
    """What an import did to one kind of rows. `found`: those that the file's accepted lines name.

    other: those that were passed over, as they are older than what is kept or wait with a conflict.
    """

    found: int = 0
    new: int = 0
    changed: int = 0
    other: int = 0

    @property
    def unchanged(self) -> int:
        """Rows that the database held already, just so."""
        return self.found - self.new - self.changed - self.other


@dataclass
class Summary:
    """The outcome of one file.

    lines, accepted, duplicates (exact repeats of an accepted line), rejected (by reason code), warnings (by kind),
    unidentified (no number) and protected (a minor's) count the file's lines: the same at every run. `words` counts
    the words that are in no vocabulary, by reason or kind of warning. The tallies say what was new to the database and
    what changed; `records` are the rows of the format itself: participations, listings, sanctions or certificates.
    outdated: records that differ from a newer export's; held: those that wait with an open conflict of identity.
    conflicts: lines that name somebody else under a number that is another's, each with the line where that stands
    first; None where the register knew it before this file.
    told: events that were told of, by kind. notices: what is odd about the file as a whole, in sentences.
    courts: the codes of the courts that accepted lines belong to.
    """

    format: str
    lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    unidentified: int = 0
    protected: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    words: Counter[tuple[str, str]] = field(default_factory=Counter)
    cases: Tally = field(default_factory=Tally)
    parties: Tally = field(default_factory=Tally)
    records: Tally = field(default_factory=Tally)
    outdated: int = 0
    held: int = 0
    conflicts: list[tuple[int, int | None]] = field(default_factory=list)
    told: Counter[EventKind] = field(default_factory=Counter)
    notices: list[str] = field(default_factory=list)
    courts: set[str] = field(default_factory=set)

    def met(self, code: str, word: str) -> None:
        """Count a word that is in no vocabulary; of the different ones, the first thousand."""
        if word and ((code, word) in self.words or len(self.words) < MOST_WORDS):
            self.words[code, word] += 1


class Rejects(AbstractContextManager["Rejects"]):
    """The rejects file: CSV of line number, reason code, sentence and the line as it stood.

    target: an open text stream, None to keep nothing, or a path. A file there is replaced; it is readable by its owner
    only, since the lines are the court's data, and there is none if no line was rejected. Raises ImportFileError if the
    path cannot be written.
    """

    HEADER = ("line", "reason", "sentence", "raw")

    def __init__(self, target: TextIO | Path | None) -> None:
        self._path = target if isinstance(target, Path) else None
        self._own = _create(target) if isinstance(target, Path) else None
        self._empty = True
        stream = self._own or (target if not isinstance(target, Path) else None)
        self._writer: Any = csv.writer(stream) if stream else None
        if self._writer:
            self._writer.writerow(self.HEADER)

    def add(self, number: int, error: IdentifierError, raw: str) -> None:
        """Write down one rejected line."""
        self._empty = False
        if self._writer:
            self._writer.writerow((number, error.code, str(error), raw.rstrip("\r\n")))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own and self._path:
            self._own.close()
            if self._empty:
                self._path.unlink()


def _create(path: Path) -> TextIO:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        os.fchmod(handle, 0o600)
    except OSError as error:
        raise ImportFileError(f"The rejects file {path} cannot be written ({error.strerror}). Name another.") from error
    return os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="")
