"""Formats `shixin` (the national list of dishonest judgment debtors) and `lenders` (list of professional lenders)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Date, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import Visible, write_records
from casework.listings import end_entries
from casework.matters import LISTING_TYPES, LISTINGS
from ingest.formats.removals import read_removed_entries
from ingest.keyed_formats import RecordingFormat
from ingest.merge.staging import define_lines
from ingest.records import LineRecord, derive_days
from ingest.reference.vocabulary import quote_word
from ingest.report import LineError
from ingest.subjects import LineSubject, read_text
from ingest.versions import Present, Source, Written
from models.case_numbers import parse_case_number
from models.code_record import CloseReason
from models.dates import parse_date
from models.identifiers import compact, was_minor
from models.listing import Listing, ListingKind, compute_debtor_end
from models.party import PartyKind
from models.terms import to_court_day
from models.vocabulary import EITHER, WordKind

Ends = Mapping[int, tuple[date, CloseReason]]
"""By key of an entry, the day on which it leaves its list, and the reason."""


def define_listings(name: str, *columns: Column[bool]) -> sa.Table:
    """The staging table of a format of listings, with `columns` after the common ones."""
    texts = ("kind", "court_code", "basis_number", "basis_unit", "obligation", "performance", "grounds")
    days = ("listed_on", "published_on", "ends_on")
    return define_lines(name, *(Column(text, Text) for text in texts), *(Column(day, Date) for day in days), *columns)


def _ends_on(staged: Any, row: Any) -> Any:
    """The last day of the line; of a graded entry, not later than the profile of its court has it."""
    return sa.case((row.grade.is_not(None), sa.func.least(staged.ends_on, row.ends_on)), else_=staged.ends_on)


class ListingFormat(RecordingFormat):
    """A format whose lines are entries of a list. An entry stays until its line or a removal ends it (R23)."""

    matter = LISTINGS
    derived: ClassVar[Mapping[str, Present]] = {"ends_on": _ends_on}

    async def find_performed(self, connection: AsyncConnection, source: Source, turn: int) -> Ends:
        """The entries that lines of this turn report as performed."""
        return {}

    async def end(
        self, connection: AsyncConnection, source: Source, turn: int, written: Written
    ) -> tuple[Sequence[int], Visible]:
        """End entries that are performed, and entries whose removal was imported before them."""
        await write_records(connection, self.matter, [*written.new, *written.changed], to_court_day(source.at))
        removed = await read_removed_entries(connection, Listing.party_id.in_(sa.select(self.staged.c.party_id)))
        ends = {**await self.find_performed(connection, source, turn), **removed}
        keys, before = await end_entries(connection, ends, source.at)
        fresh = set(written.new)  # not visible to anybody before
        return keys, {place: one for place, one in before.items() if place[1] not in fresh}


class Lenders(ListingFormat):
    """Listings without a case: a yellow record Y01 that stays open until the lender leaves the list."""

    columns = ("姓名或名称", "证件号码", "认定法院", "认定日期", "依据")
    blank = ("依据",)
    staged = define_listings("staged_lender")
    key = ("party_id", "kind", "court_code", "listed_on")

    def read(self, cells: Sequence[str]) -> LineRecord:
        name, number, court, listed, grounds = cells
        code, listed_on = self.context.find_court(court), parse_date(listed)
        subject = self.context.subjects.read(None, name, number)
        _refuse_minor(subject, listed_on)
        kind = ListingKind.PROFESSIONAL_LENDER
        self.context.catalogue.require(LISTING_TYPES[kind], listed_on)
        own = (kind, code, "", "", "", "", read_text(grounds, "TEXT"), listed_on, listed_on, None)
        return LineRecord(subject, (listed_on,), "", own, court_day=listed_on, court=code)


class Shixin(ListingFormat):
    """Listings of the national list: a yellow record Y18 from publication, for two years or until performed."""

    columns = (
        "iname", "cardNum", "partyTypeName", "courtName", "caseCode", "gistId", "gistUnit", "regDate", "publishDate",
        "duty", "performance", "disruptTypeName",
    )  # fmt: skip
    blank = ("partyTypeName", "gistId", "gistUnit", "duty", "performance", "disruptTypeName")
    staged = define_listings("staged_shixin", Column("performed", Boolean))
    key = ("party_id", "kind", "case_number", "published_on")

    def read(self, cells: Sequence[str]) -> LineRecord:
        name, number, kind, court, case, basis, unit, listed, published, duty, performance, grounds = cells
        code = self.context.find_court(court)
        number_of_case = parse_case_number(case)
        listed_on, published_on = parse_date(listed), parse_date(published)
        if published_on < listed_on:
            raise LineError("DATE", "publishDate lies before regDate: correct the dates.")
        expected, warnings = self._kind(kind)
        subject = self.context.subjects.read(expected, name, number)
        _refuse_minor(subject, listed_on)
        ends_on = compute_debtor_end(grounds, published_on)
        texts = [read_text(text, "TEXT") for text in (compact(basis), unit, duty, performance, grounds)]
        kind_of_list = ListingKind.DISHONEST_DEBTOR
        self.context.catalogue.require(LISTING_TYPES[kind_of_list], published_on)
        performed = self.context.vocabulary.meaning(WordKind.REMOVAL_REASON, performance) == CloseReason.PERFORMED
        own = (kind_of_list, code, *texts, listed_on, published_on, ends_on, performed)
        days = (*derive_days(number_of_case), listed_on)
        return LineRecord(
            subject, days, number_of_case.number, own, warnings=warnings, court_day=published_on, court=code
        )

    async def find_performed(self, connection: AsyncConnection, source: Source, turn: int) -> Ends:
        """A performed entry leaves the list on the day of the export."""
        staged = self.staged.c
        newest = Listing.exported_on <= source.exported_on
        query = sa.select(Listing.id).where(self.met(), staged.turn == turn, staged.performed, newest)
        found = await connection.execute(query.where(Listing.removed_on.is_(None)))
        return dict.fromkeys(found.scalars(), (source.exported_on, CloseReason.PERFORMED))

    def _kind(self, word: str) -> tuple[PartyKind | None, tuple[tuple[str, str], ...]]:
        """The kind of party, from the list's digit or a word, and warnings. None: the number determines it."""
        words = self.context.vocabulary
        found = words.meaning(WordKind.LISTED_KIND, word) or words.meaning(WordKind.PARTY_KIND, word)
        if found is None:
            return None, (("PARTY_TYPE", quote_word(word)),)
        return None if found == EITHER else PartyKind(found), ()


def _refuse_minor(subject: LineSubject, day: date) -> None:
    """Minors are never listed (法释〔2017〕7号, article 4). Raises LineError MINOR."""
    if subject.born_on and was_minor(subject.born_on, day):
        raise LineError("MINOR", "The person was under 18: minors are never listed, so withdraw the listing.")
