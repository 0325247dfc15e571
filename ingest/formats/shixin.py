"""Format `shixin`: one listing of a dishonest judgment debtor a line, under the field names of the national list."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Boolean, Column
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.matters import LISTING_TYPES
from ingest.formats.listing import LISTING_COLUMNS, Ends, ListingFormat, refuse_minor
from ingest.recording import staged_records
from ingest.records import LineRecord, filing_days
from ingest.reference.vocabulary import named
from ingest.report import LineError
from ingest.subjects import read_text
from ingest.versions import Source
from models.case_numbers import parse_case_number
from models.code_record import CloseReason
from models.dates import parse_date
from models.identifiers import compact
from models.listing import Listing, ListingKind, compute_debtor_end
from models.party import PartyKind
from models.vocabulary import EITHER, WordKind

CODE_TYPE = "Y18"


class Shixin(ListingFormat):
    """Listings of the national list: a yellow record Y18 from publication, for two years or until performed."""

    columns = (
        "iname", "cardNum", "partyTypeName", "courtName", "caseCode", "gistId", "gistUnit", "regDate", "publishDate",
        "duty", "performance", "disruptTypeName",
    )  # fmt: skip
    staged = staged_records(
        "staged_shixin",
        *(Column(name, kind) for name, kind in LISTING_COLUMNS),
        Column("performed", Boolean),
    )
    key = ("party_id", "kind", "case_number", "published_on")

    def read(self, cells: Sequence[str]) -> LineRecord:
        name, number, kind, court, case, basis, unit, listed, published, duty, performance, grounds = cells
        code = self.context.court_named(court)
        number_of_case = parse_case_number(case)
        listed_on, published_on = parse_date(listed), parse_date(published)
        if published_on < listed_on:
            raise LineError("DATE", "publishDate lies before regDate: correct the dates.")
        expected, warnings = self._kind(kind)
        subject = self.context.subjects.read(expected, name, number)
        refuse_minor(subject, listed_on)
        ends_on = compute_debtor_end(grounds, published_on)
        texts = [compact(basis), unit, duty, performance, grounds]
        texts = [read_text(text, "TEXT") for text in texts]
        kind_of_list = ListingKind.DISHONEST_DEBTOR
        self.context.catalogue.require(LISTING_TYPES[kind_of_list], published_on)
        performed = self.context.vocabulary.meaning(WordKind.REMOVAL_REASON, performance) == CloseReason.PERFORMED
        own = (kind_of_list, code, *texts, listed_on, published_on, ends_on, performed)
        days = (*filing_days(number_of_case), listed_on)
        return LineRecord(
            subject, days, number_of_case.number, own, warnings=warnings, court_day=published_on, court=code
        )

    async def performed(self, connection: AsyncConnection, source: Source, turn: int) -> Ends:
        """Whoever has performed leaves the list on the day of the export."""
        staged = self.staged.c
        met = sa.and_(*(getattr(Listing, name) == staged[name] for name in self.key))
        newest = Listing.exported_on <= source.exported_on
        query = sa.select(Listing.id).where(met, staged.turn == turn, staged.performed, newest)
        found = await connection.execute(query.where(Listing.removed_on.is_(None)))
        return dict.fromkeys(found.scalars(), (source.exported_on, CloseReason.PERFORMED))

    def _kind(self, word: str) -> tuple[PartyKind | None, tuple[tuple[str, str], ...]]:
        """The kind of party by the list's digits or in words; None leaves it to the number, with a warning or not."""
        words = self.context.vocabulary
        found = words.meaning(WordKind.LISTED_KIND, word) or words.meaning(WordKind.PARTY_KIND, word)
        if found is None:
            return None, (("PARTY_TYPE", named(word)),)
        return None if found == EITHER else PartyKind(found), ()
