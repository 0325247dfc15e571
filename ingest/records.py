"""What every format makes of a line, and the chunk that collects lines for one merge."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.majority import find_adult_day
from ingest.plausible import Warnings
from ingest.reference.catalogue import Catalogue
from ingest.reference.vocabulary import Vocabulary, in_no_vocabulary, named
from ingest.report import LineError
from ingest.subjects import LineSubject, SubjectReader
from ingest.versions import Source
from models.case_numbers import CaseNumber, parse_case_number
from models.catalogue import Stage
from models.court_case import Confidentiality
from models.documents import ORGANIZATIONS, DocumentKind
from models.identifiers import IdentifierError, PersonNumber, parse_party_number
from models.party import PartyKind
from models.vocabulary import WordKind

ADD_COURT = "add it with suxin court add, or its name with suxin vocabulary load courts.csv"

STRICTNESS = {kind: rank for rank, kind in enumerate(Confidentiality)}
"""OPEN to STATE_SECRET. An import makes a case stricter and never more open (R16)."""


class FiledCase(NamedTuple):
    """A case as a line states it."""

    number: str
    court_code: str
    year: int
    type_characters: str
    stage: Stage
    cause: str
    confidentiality: Confidentiality
    filed_on: date
    closed_on: date | None

    def revised(self, later: "FiledCase") -> "FiledCase":
        """This case after a later line: its cause and closing day, and the stricter confidentiality."""
        closed_on = later.closed_on if later.closed_on and later.closed_on >= self.filed_on else self.closed_on
        strictest = max(self.confidentiality, later.confidentiality, key=STRICTNESS.__getitem__)
        return self._replace(cause=later.cause, closed_on=closed_on, confidentiality=strictest)


def filing_days(number: CaseNumber) -> tuple[date, ...]:
    """The earliest day on which a case that is known by its number alone can have been filed."""
    return (date(number.year, 1, 1),)


class LineRecord(NamedTuple):
    """One accepted line. `row`: the format's own staging columns, in their order.

    days: the days on which its conduct was or, where that is unknown, can have been; none of a line that lets nobody
    outside the court know of its subjects. warnings: code, and the word that
    is in no vocabulary. court_day: the latest day on which the court met the subject under this name, by this line.
    court: the code of its court, where it names one. further: the other rows of a line that holds several. other: a
    second subject, which the format finds again by its keyed hashes.
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
    def of_age_from(self) -> date | None:
        """The earliest of these days on which the subject was of age; None if on none: a minor's (R16)."""
        return find_adult_day(self.subject.born_on, self.days) if self.subject and self.days else None


KeyOf = Callable[[int | None, LineRecord], tuple[Any, ...] | None]
"""What tells the row of a line, with its subject's place; None where no line changes another one's row."""


@dataclass
class Mention:
    """A subject of a chunk: one name under one number.

    place: its own; first: the place of the first subject of this number, or of one that is known to be the same. line:
    where it stands first. begins_on, latest_on: the first and the last court day of its lines.
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
        """Note a court day of one of its lines."""
        if self.latest_on is None or self.begins_on is None:
            self.begins_on = self.latest_on = day
        elif day > self.latest_on:
            self.latest_on = day
        elif day < self.begins_on:
            self.begins_on = day


@dataclass
class Chunk:
    """Lines that are merged together. Cases and subjects stand in it once; rows name a subject by its place.

    lines: the number of each row's line. numbers: by keyed hash, the place of the first subject that has it.
    holders: of organization codes, the unified code that contains each, of which there is one.
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
        """Stage one accepted line; gives the earliest of its days on which its subject was of age, None if on none."""
        of_age_from = record.of_age_from
        if record.case:
            known = self.cases.setdefault(record.case.number, record.case)
            if known is not record.case and known != record.case:
                self.cases[known.number] = known.revised(record.case)
        place = self._place(record.subject, record, line) if record.subject else None
        if record.other:
            self.others.append((self._place(record.other, record, line), None, record.case_number))
        turn = self._turn(self.key_of(place, record))
        self.rows.append((place, of_age_from, record.case_number, turn, *record.row))
        self.lines.append(line)
        for other in record.further:
            self.add(other, line)
        return of_age_from

    def _turn(self, key: tuple[Any, ...] | None) -> int:
        """Lines of one row are written one after another: which one this is."""
        if key is None:
            return 0
        self.turns[key] += 1
        return self.turns[key] - 1

    def _place(self, subject: LineSubject, record: LineRecord, line: int) -> int:
        key = (subject.number.probes[0], subject.folded)
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
        """The place that stands for this number: its own, or the one of the code that it contains or is part of."""
        own = subject.number.probes[0]
        if subject.code is None:
            return self.numbers.setdefault(own, place)
        code = subject.code.probes[0]
        if self.holders.setdefault(code, own) != own:
            return self.numbers.setdefault(own, place)
        first = self.numbers.setdefault(own, self.numbers.get(code, place))
        self.numbers[code] = first
        return first


@dataclass(frozen=True)
class FormatContext:
    """What readers look up: words, the catalogue, subjects; and the court to which the import is held."""

    vocabulary: Vocabulary
    catalogue: Catalogue
    subjects: SubjectReader
    today: date
    court: str | None = None

    def document(self, word: str, number: str) -> tuple[DocumentKind, Warnings]:
        """The document by its name; where that is unknown, by the number, with a warning. Raises LineError ID_TYPE."""
        if found := self.vocabulary.meaning(WordKind.DOCUMENT, word):
            return DocumentKind(found), ()
        try:
            is_person = isinstance(parse_party_number(number), PersonNumber)
        except IdentifierError:
            raise LineError("ID_TYPE", in_no_vocabulary("The document", word, WordKind.DOCUMENT), named(word)) from None
        told = DocumentKind.RESIDENT_ID if is_person else DocumentKind.UNIFIED_SOCIAL_CREDIT_CODE
        return told, ((("ID_TYPE", named(word)),) if word else ())

    def identified(self, document: DocumentKind, name: str, number: str) -> LineSubject:
        """The subject of a line. Raises IdentifierError ID_NUMBER, NAME."""
        holder = PartyKind.ORGANIZATION if document in ORGANIZATIONS else PartyKind.PERSON
        return self.subjects.read(holder, name, number, document)

    def subject(self, document: str, name: str, number: str) -> tuple[LineSubject, Warnings]:
        """The subject of a line by the name of its document, and the words that were unknown and not needed."""
        kind, warnings = self.document(document, number)
        return self.identified(kind, name, number), warnings

    def court_named(self, name: str) -> str:
        """The code of a court. Raises LineError COURT if it is unknown or outside the import's court."""
        code = self.vocabulary.court(name)
        if code is None:
            raise LineError("COURT", f"The court is unknown: write its full name, or {ADD_COURT}.", named(name))
        return self._held(code)

    def court_coded(self, code: str | None) -> str:
        """`code` of a case number. Raises LineError COURT as above, also if the number names no court in code."""
        if code is None or code not in self.vocabulary.codes:
            raise LineError("COURT", f"The case number names no court that is known: correct it, or {ADD_COURT}.")
        return self._held(code)

    def _held(self, code: str) -> str:
        if self.court and not code.startswith(self.court):
            raise LineError("COURT", "The line belongs to another court: import it there, or without --court.")
        return code


@dataclass
class Merged:
    """What lines did: made a row, changed one, found it as it is, were older than it, or wait with their conflict."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    outdated: int = 0
    held: int = 0

    def add(self, other: "Merged") -> None:
        """Count more lines."""
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Format(ABC):
    """One of the import formats: how a line is read, and how staged lines become rows."""

    columns: ClassVar[Sequence[str]]
    """The columns that the file must have."""

    optional: ClassVar[Sequence[str]] = ()
    """Columns that it may have: their cells follow, blank where they are not there."""

    staged: ClassVar[sa.Table]
    """The staging table: party_id, of_age_from, case_number, turn, and the columns of `LineRecord.row`."""

    def __init__(self, context: FormatContext) -> None:
        self.context = context

    def key_of(self, place: int | None, record: LineRecord) -> tuple[Any, ...] | None:
        """What tells the row of a line."""
        return None

    def court_of(self, record: LineRecord) -> str | None:
        """The code of the court that an accepted line belongs to, where it names one."""
        if record.case:
            return record.case.court_code
        return parse_case_number(record.case_number).court_code if record.case_number else None

    async def prepare(self, connection: AsyncConnection) -> None:
        """Look up what lines are read by, once; nothing more than the context for most formats."""
        return

    @abstractmethod
    def read(self, cells: Sequence[str]) -> LineRecord:
        """Read the cells of one line, in the order of `columns`. Raises IdentifierError with the reason code."""

    @abstractmethod
    async def merge(self, connection: AsyncConnection, source: Source, silent: bool) -> Merged:
        """Write the staged lines, after their cases and parties, and what follows from them.

        silent: tell nobody, as of former years.
        """
