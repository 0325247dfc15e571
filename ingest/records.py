"""The record of a line, the chunk of records that is merged at once, and the base class of formats."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.majority import find_adult_day
from ingest.plausibility import Warnings
from ingest.reference.catalogue import Catalogue
from ingest.reference.vocabulary import ReadRole, Vocabulary, make_word_error, quote_word
from ingest.report import LineError
from ingest.subjects import FIRST_DOCUMENTS, LineSubject, SubjectReader, find_holder_kind
from ingest.versions import Source
from models.case_numbers import CaseNumber, parse_case_number
from models.catalogue import Stage
from models.court_case import Confidentiality
from models.documents import DocumentKind
from models.identifiers import IdentifierError
from models.policy_profile import ProfileStart
from models.vocabulary import WordKind

ADD_COURT = "add it with suxin court add, or its name with suxin vocabulary load courts.csv"

STRICTNESS = {kind: rank for rank, kind in enumerate(Confidentiality)}
"""Rank from OPEN to STATE_SECRET. An import never makes a case less strict (R16)."""


class FiledCase(NamedTuple):
    """A case as stated in a line."""

    number: str
    court_code: str
    year: int
    type_characters: str
    stage: Stage
    cause: str
    confidentiality: Confidentiality
    filed_on: date
    closed_on: date | None
    division: str | None = None

    def revised(self, later: "FiledCase") -> "FiledCase":
        """Combine with a later line: its cause, closing day and division, and the stricter confidentiality."""
        closed_on = later.closed_on if later.closed_on and later.closed_on >= self.filed_on else self.closed_on
        strictest = max(self.confidentiality, later.confidentiality, key=STRICTNESS.__getitem__)
        division = later.division or self.division
        return self._replace(cause=later.cause, closed_on=closed_on, confidentiality=strictest, division=division)


def derive_days(number: CaseNumber) -> tuple[date, ...]:
    """The earliest possible filing day of a case of which only the number is known."""
    return (date(number.year, 1, 1),)


class LineRecord(NamedTuple):
    """An accepted line. `row`: the staging columns of the format, in order.

    days: possible days of the conduct; empty if the line does not disclose its subjects outside the court.
    warnings: code and unknown word. court_day: the latest day on which the court met the subject under this name.
    court: the code of its court, or "". further: the other rows of the line. other: a second subject, which the format
    finds by its keyed hashes.
    """

    subject: LineSubject | None
    days: tuple[date, ...]
    case_number: str
    row: tuple[Any, ...]
    case: FiledCase | None = None
    village: str = ""
    warnings: Warnings = ()
    court_day: date | None = None
    court: str = ""
    further: tuple["LineRecord", ...] = ()
    other: LineSubject | None = None

    @property
    def find_adult_day(self) -> date | None:
        """The earliest of these days on which the subject was of age; None for a minor (R16)."""
        return find_adult_day(self.subject.born_on, self.days) if self.subject and self.days else None


KeyOf = Callable[[int | None, LineRecord], tuple[Any, ...] | None]
"""Returns the key of a line's row, given the place of its subject; None if no two lines share a row."""


@dataclass
class Mention:
    """A subject of a chunk: one name with one number.

    place: its index; first: the index of the first subject with this number or an equivalent one. line: its first line.
    begins_on, latest_on: the first and the last court day of its lines.
    """

    place: int
    first: int
    subject: LineSubject
    line: int
    court: str
    village: str = ""
    begins_on: date | None = None
    latest_on: date | None = None

    def met(self, day: date) -> None:
        """Extend the range of court days."""
        if self.latest_on is None or self.begins_on is None:
            self.begins_on = self.latest_on = day
        elif day > self.latest_on:
            self.latest_on = day
        elif day < self.begins_on:
            self.begins_on = day


@dataclass
class Chunk:
    """Lines that are merged together. Cases and subjects are stored once; rows refer to a subject by its place.

    lines: line number by row. numbers: place of the first subject by keyed hash. holders: hash of the unified code
    by the hash of the organization code that it contains.
    """

    key_of: KeyOf
    cases: dict[str, FiledCase] = field(default_factory=dict)
    subjects: dict[tuple[bytes, str], Mention] = field(default_factory=dict)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    turns: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    others: list[tuple[int, date | None, str]] = field(default_factory=list)
    numbers: dict[bytes, int] = field(default_factory=dict)
    holders: dict[bytes, bytes] = field(default_factory=dict)

    def add(self, record: LineRecord, line: int) -> date | None:
        """Add an accepted line. Returns the earliest day on which its subject was of age, or None."""
        find_adult_day = record.find_adult_day
        if record.case:
            known = self.cases.setdefault(record.case.number, record.case)
            if known is not record.case and known != record.case:
                self.cases[known.number] = known.revised(record.case)
        place = self._place(record.subject, record, line) if record.subject else None
        if record.other:
            self.others.append((self._place(record.other, record, line), None, record.case_number))
        turn = self._turn(self.key_of(place, record))
        self.rows.append((place, find_adult_day, record.case_number, turn, *record.row))
        self.lines.append(line)
        for other in record.further:
            self.add(other, line)
        return find_adult_day

    def _turn(self, key: tuple[Any, ...] | None) -> int:
        """The turn of a line: how many lines of the same row precede it."""
        if key is None:
            return 0
        self.turns[key] += 1
        return self.turns[key] - 1

    def _place(self, subject: LineSubject, record: LineRecord, line: int) -> int:
        key = (subject.keyed_hash, subject.folded)
        mention = self.subjects.get(key)
        if mention is None:
            place = len(self.subjects)
            mention = Mention(place, self._first(subject, place), subject, line, record.court)
            self.subjects[key] = mention
        if record.court_day:
            mention.met(record.court_day)
        if record.village and not mention.village:
            mention.village = record.village
        return mention.place

    def _first(self, subject: LineSubject, place: int) -> int:
        """The place that represents this number, or an organization code that it contains or belongs to."""
        own = subject.keyed_hash
        if subject.code is None:
            return self.numbers.setdefault(own, place)
        code = subject.code.keyed_hash
        if self.holders.setdefault(code, own) != own:
            return self.numbers.setdefault(own, place)
        first = self.numbers.setdefault(own, self.numbers.get(code, place))
        self.numbers[code] = first
        return first


@dataclass(frozen=True)
class FormatContext:
    """The vocabulary, the catalogue and the subjects for reading lines. court: the court that lines must belong to.
    profiles: the beginnings of policy profiles by court."""

    vocabulary: Vocabulary
    catalogue: Catalogue
    subjects: SubjectReader
    today: date
    court: str | None = None
    profiles: Mapping[str, Sequence[ProfileStart]] = field(default_factory=dict)

    def read_word(self, kind: WordKind, word: str, code: str, what: str) -> str:
        """The meaning of a word. Raises LineError `code` if it is unknown; `what` names the word in the message."""
        found = self.vocabulary.meaning(kind, word)
        if found is None:
            raise make_word_error(kind, word, code, what)
        return found

    def read_role(self, word: str) -> ReadRole:
        """A position in a case. Raises LineError ROLE."""
        found = self.vocabulary.role(word)
        if found is None:
            raise make_word_error(WordKind.ROLE, word, "ROLE", "The position")
        return found

    def read_document(self, word: str, number: str) -> tuple[DocumentKind, Warnings]:
        """The document kind by its word, else by the number with a warning. Raises LineError ID_TYPE."""
        if found := self.vocabulary.meaning(WordKind.DOCUMENT, word):
            return DocumentKind(found), ()
        try:
            told = FIRST_DOCUMENTS[find_holder_kind(number)]
        except IdentifierError:
            raise make_word_error(WordKind.DOCUMENT, word, "ID_TYPE", "The document") from None
        return told, ((("ID_TYPE", quote_word(word)),) if word else ())

    def read_subject(self, document: str, name: str, number: str) -> tuple[LineSubject, Warnings]:
        """The subject of a line, and warnings about its document. Raises IdentifierError ID_NUMBER, NAME."""
        kind, warnings = self.read_document(document, number)
        return self.subjects.read(None, name, number, kind), warnings

    def find_court(self, name: str) -> str:
        """The code of a court by name. Raises LineError COURT if it is unknown or outside the import's court."""
        code = self.vocabulary.meaning(WordKind.COURT, name)
        if code is None:
            raise LineError("COURT", f"The court is unknown: write its full name, or {ADD_COURT}.", quote_word(name))
        return self._held(code)

    def check_court(self, code: str | None) -> str:
        """The court code of a case number. Raises LineError COURT as above, also if it is missing."""
        if code is None or code not in self.vocabulary.codes:
            raise LineError("COURT", f"The case number names no court that is known: correct it, or {ADD_COURT}.")
        return self._held(code)

    def _held(self, code: str) -> str:
        if self.court and not code.startswith(self.court):
            raise LineError("COURT", "The line belongs to another court: import it there, or without --court.")
        return code


@dataclass
class Merged:
    """Numbers of lines by result. held: waiting for the decision of an identity conflict."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    outdated: int = 0
    held: int = 0

    def add(self, other: "Merged") -> None:
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Format(ABC):
    """An import format: reads lines and writes staged lines to their tables."""

    columns: ClassVar[Sequence[str]]
    """The required columns of a file."""

    optional: ClassVar[Sequence[str]] = ()
    """Optional columns, whose cells follow those of `columns` and are "" if the column is missing."""

    blank: ClassVar[Collection[str]] = ()
    """Columns of `columns` whose cells may be empty."""

    staged: ClassVar[sa.Table]
    """The staging table: party_id, find_adult_day, case_number, turn, and the columns of `LineRecord.row`."""

    def __init__(self, context: FormatContext) -> None:
        self.context = context

    def key_of(self, place: int | None, record: LineRecord) -> tuple[Any, ...] | None:
        """The key of a line's row; None if no two lines share a row."""
        return None

    def court_of(self, record: LineRecord) -> str | None:
        """The code of the court of an accepted line, if it names one."""
        if record.case:
            return record.case.court_code
        return parse_case_number(record.case_number).court_code if record.case_number else None

    async def prepare(self, connection: AsyncConnection) -> None:
        """Load further data for reading lines."""
        return

    @abstractmethod
    def read(self, cells: Sequence[str]) -> LineRecord:
        """Read the cells of a line, in the order of `columns`. Raises IdentifierError with the reason code."""

    @abstractmethod
    async def merge(self, connection: AsyncConnection, source: Source, silent: bool) -> Merged:
        """Write the staged lines with their consequences. silent: nobody is notified, as for former years."""
