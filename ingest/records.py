"""What every format makes of a line, and the chunk that collects lines for one merge."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.catalogue import Catalogue
from ingest.report import LineError
from ingest.subjects import Subject, SubjectReader
from models.catalogue import Stage
from models.court_case import Confidentiality

STRICTNESS = {kind: rank for rank, kind in enumerate(Confidentiality)}
"""OPEN to STATE_SECRET. An import makes a case stricter and never more open (R16)."""


class Case(NamedTuple):
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

    def revised(self, later: "Case") -> "Case":
        """This case after a later line: its cause and closing day, and the stricter confidentiality."""
        closed_on = later.closed_on if later.closed_on and later.closed_on >= self.filed_on else self.closed_on
        strictest = max(self.confidentiality, later.confidentiality, key=STRICTNESS.__getitem__)
        return self._replace(cause=later.cause, closed_on=closed_on, confidentiality=strictest)


class Record(NamedTuple):
    """One accepted line. `row`: the format's own staging columns, in their order; `protected`: a minor's (R16).

    discloses: whether the line lets others than the court know of its subjects. other: a second subject, which the
    format finds again by its keyed hashes.
    """

    subject: Subject | None
    protected: bool
    case_number: str
    row: tuple[Any, ...]
    case: Case | None = None
    village: str = ""
    discloses: bool = True
    other: Subject | None = None


@dataclass
class Chunk:
    """Lines that are merged together. Cases and subjects stand in it once; rows name a subject by its place."""

    cases: dict[str, Case] = field(default_factory=dict)
    subjects: dict[bytes, tuple[int, Subject, str]] = field(default_factory=dict)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    others: list[tuple[int, bool, str]] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Stage one accepted line."""
        if record.case:
            known = self.cases.setdefault(record.case.number, record.case)
            if known is not record.case and known != record.case:
                self.cases[known.number] = known.revised(record.case)
        place = self._place(record.subject, record.village) if record.subject else None
        inside = record.protected or not record.discloses
        if record.other:
            self.others.append((self._place(record.other, ""), inside, record.case_number))
        self.rows.append((place, inside, record.case_number, *record.row))

    def _place(self, subject: Subject, village: str) -> int:
        index = subject.probes[0]
        known = self.subjects.get(index)
        if known is None:
            known = self.subjects[index] = (len(self.subjects), subject, village)
        elif village and not known[2]:
            self.subjects[index] = (known[0], known[1], village)
        return known[0]


@dataclass(frozen=True)
class Context:
    """What readers look up: courts by name, the catalogue, subjects; and the court to which the import is held."""

    courts: Mapping[str, str]
    catalogue: Catalogue
    subjects: SubjectReader
    court: str | None = None

    def court_named(self, name: str) -> str:
        """The code of a court. Raises LineError COURT if it is unknown or outside the import's court."""
        code = self.courts.get(name)
        if code is None:
            raise LineError("COURT", "The court is not in the catalogue: write its full name, or load the court first.")
        return self._held(code)

    def court_coded(self, code: str | None) -> str:
        """`code` of a case number. Raises LineError COURT as above, also if the number names no court in code."""
        if code is None or code not in self.courts.values():
            raise LineError("COURT", "The case number names no court of the catalogue: load the court first.")
        return self._held(code)

    def _held(self, code: str) -> str:
        if self.court and not code.startswith(self.court):
            raise LineError("COURT", "The line belongs to another court: import it there, or without --court.")
        return code


class Merged(NamedTuple):
    """What a merge wrote: new rows of the format, and the parties whose colour may have changed."""

    new: int
    recolour: Collection[int]


class Format(ABC):
    """One of the import formats: how a line is read, and how staged lines become rows."""

    columns: ClassVar[Sequence[str]]
    """The columns of the file."""

    staged: ClassVar[sa.Table]
    """The staging table: party_id, protected, case_number, and the columns of `Record.row`."""

    def __init__(self, context: Context) -> None:
        self.context = context

    @abstractmethod
    def read(self, cells: Sequence[str]) -> Record:
        """Read the cells of one line, in the order of `columns`. Raises IdentifierError with the reason code."""

    @abstractmethod
    async def merge(self, connection: AsyncConnection) -> Merged:
        """Write the staged lines, after their cases and parties."""
