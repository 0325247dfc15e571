"""What the formats of lists have in common: entries that stay until their line, or a removal, ends them (R23)."""

from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Date, Text
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import Visible, write_records
from casework.listings import end_entries
from casework.matters import LISTINGS
from ingest.formats.removals import removed_entries
from ingest.recording import RecordingFormat
from ingest.report import LineError
from ingest.subjects import LineSubject
from ingest.versions import Source, Written
from models.code_record import CloseReason
from models.identifiers import was_minor
from models.listing import Listing
from models.terms import to_court_day

LISTING_COLUMNS: tuple[tuple[str, type[Text] | type[Date]], ...] = (
    ("kind", Text),
    ("court_code", Text),
    ("basis_number", Text),
    ("basis_unit", Text),
    ("obligation", Text),
    ("performance", Text),
    ("grounds", Text),
    ("listed_on", Date),
    ("published_on", Date),
    ("ends_on", Date),
)
Ends = Mapping[int, tuple[date, CloseReason]]
"""By the keys of entries, the day on which each leaves its list, and why."""


def refuse_minor(subject: LineSubject, day: date) -> None:
    """Minors are never listed (法释〔2017〕7号, article 4). Raises LineError MINOR."""
    if subject.born_on and was_minor(subject.born_on, day):
        raise LineError("MINOR", "The person was under 18: minors are never listed, so withdraw the listing.")


class ListingFormat(RecordingFormat):
    """A format whose lines are entries of a list."""

    matter = LISTINGS

    async def performed(self, connection: AsyncConnection, source: Source, turn: int) -> Ends:
        """The entries that lines of this turn report as performed; none in most formats."""
        return {}

    async def end(
        self, connection: AsyncConnection, source: Source, turn: int, written: Written
    ) -> tuple[Sequence[int], Visible]:
        """End whoever has performed, and whoever was reported as removed before it was listed here."""
        await write_records(connection, self.matter, [*written.new, *written.changed], to_court_day(source.at))
        removed = await removed_entries(connection, Listing.party_id.in_(sa.select(self.staged.c.party_id)))
        ends = {**await self.performed(connection, source, turn), **removed}
        keys, before = await end_entries(connection, ends, source.at)
        fresh = set(written.new)  # nobody has seen them yet
        return keys, {place: one for place, one in before.items() if place[1] not in fresh}
