"""The summary of an import, its errors, and the rejects file."""

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
    """The file as a whole cannot be imported. The message says why and what to do."""


class LineError(IdentifierError):
    """A line cannot be accepted. `code` is the reason; the message says what to do and repeats no content.

    `word`: the unknown word, if that is the reason. It is not personal data.
    """

    def __init__(self, code: str, sentence: str, word: str = "") -> None:
        super().__init__(code, sentence)
        self.word = word


@dataclass
class Tally:
    """The result for one kind of rows. `found`: rows that accepted lines name. other: outdated or held rows."""

    found: int = 0
    new: int = 0
    changed: int = 0
    other: int = 0

    @property
    def unchanged(self) -> int:
        """Rows that were already stored with the same content."""
        return self.found - self.new - self.changed - self.other


@dataclass
class Summary:
    """The result of one file.

    lines, accepted, duplicates (repetitions of an accepted line), rejected (by reason code), warnings (by code),
    unidentified (no number) and protected (minors) count lines of the file and are the same in every run. `words`
    counts unknown words by code. The tallies count new and changed rows; `records` are the rows of the format itself.
    outdated: records that differ from a newer export. held: records of an open identity conflict.
    conflicts: lines with another party's number, each with that party's first line, or None if it was known before.
    told: events by kind. notices: sentences about the file as a whole. courts: codes of the courts of accepted lines.
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
        """Count an unknown word. At most 1,000 different words are kept."""
        if word and ((code, word) in self.words or len(self.words) < MOST_WORDS):
            self.words[code, word] += 1


class Rejects(AbstractContextManager["Rejects"]):
    """The rejects file: CSV of line number, reason code, sentence and the line as `ingest.masking` leaves it. A file
    has a byte order mark, without which Excel in Chinese reads it as GBK.

    target: a text stream, a path, or None. A file at the path is replaced, is readable by its owner only, and removed
    if no line was rejected. Raises ImportFileError if the path cannot be written.
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
        """Write a rejected line."""
        self._empty = False
        if self._writer:
            self._writer.writerow((number, error.code, str(error), raw))

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
    return os.fdopen(handle, "w", encoding="utf-8-sig", errors="surrogateescape", newline="")
