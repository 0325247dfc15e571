"""Format `lenders`: one professional lender (职业放贷人) a line."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Column
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import Sight
from casework.listings import end_entries
from casework.matters import LISTING_TYPES, LISTINGS
from ingest.recording import RecordingFormat, staged_records
from ingest.records import Record
from ingest.removals import removed_entries
from ingest.shixin import LISTING_COLUMNS, refuse_minor
from ingest.subjects import read_text
from ingest.versions import Source, Written
from models.dates import parse_date
from models.listing import Listing, ListingKind


class Lenders(RecordingFormat):
    """Listings without a case: a yellow record Y01 that stays open until the lender leaves the list."""

    columns = ("姓名或名称", "证件号码", "认定法院", "认定日期", "依据")
    staged = staged_records("staged_lender", *(Column(name, kind) for name, kind in LISTING_COLUMNS))
    matter = LISTINGS
    key = ("party_id", "kind", "court_code", "listed_on")

    def read(self, cells: Sequence[str]) -> Record:
        name, number, court, listed, grounds = cells
        code, listed_on = self.context.court_named(court), parse_date(listed)
        subject = self.context.subjects.read(None, name, number)
        refuse_minor(subject, listed_on)
        kind = ListingKind.PROFESSIONAL_LENDER
        self.context.catalogue.require(LISTING_TYPES[kind], listed_on)
        own = (kind, code, "", "", "", "", read_text(grounds, "TEXT"), listed_on, listed_on, None)
        return Record(subject, (listed_on,), "", own, court_day=listed_on, court=code)

    async def end(
        self, connection: AsyncConnection, source: Source, turn: int, written: Written
    ) -> tuple[Sequence[int], Sight]:
        """Who was reported as removed before it was listed here."""
        removed = await removed_entries(connection, Listing.party_id.in_(sa.select(self.staged.c.party_id)))
        return await end_entries(connection, removed, source.at)
