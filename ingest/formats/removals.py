"""Format `removals`: a line is the removal of an entry from a list, with day and reason."""

from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Column, Date, Text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from casework.consequences import follow
from casework.listings import LEFT, end_entries
from casework.matters import LISTINGS
from ingest.keyed_formats import KeyedFormat
from ingest.merge.staging import define_lines
from ingest.records import LineRecord, Merged
from ingest.report import LineError
from ingest.versions import Source
from models.case_numbers import parse_case_number
from models.code_record import CloseReason, CodeRecord
from models.dates import parse_date
from models.listing import Listing, ListingKind, Removal
from models.vocabulary import WordKind

LISTS = {
    "失信被执行人": ListingKind.DISHONEST_DEBTOR,
    "失信被执行人名单": ListingKind.DISHONEST_DEBTOR,
    "职业放贷人": ListingKind.PROFESSIONAL_LENDER,
    "职业放贷人名录": ListingKind.PROFESSIONAL_LENDER,
    "职业放贷人名单": ListingKind.PROFESSIONAL_LENDER,
}


class Removals(KeyedFormat):
    """A removal ends the newest entry of the party and case (R23)."""

    columns = ("名单", "姓名或名称", "证件类型", "证件号码", "案号", "退出日期", "退出原因")
    blank = (
        "证件类型",
        "案号",
    )
    staged = define_lines("staged_removal", Column("kind", Text), Column("removed_on", Date), Column("reason", Text))
    table = Removal.__table__
    key = ("party_id", "case_number", "kind")

    def read(self, cells: Sequence[str]) -> LineRecord:
        list_name, name, document, number, case, removed, reason = cells
        kind = LISTS.get(list_name)
        if kind is None:
            raise LineError("LIST", f"The list is unknown: write one of {'、'.join(LISTS)}.")
        removed_on = parse_date(removed)
        if removed_on > self.context.today:
            raise LineError("DATE", "The day has not come yet: import the line when it has.")
        why = self.context.read_word(WordKind.REMOVAL_REASON, reason, "REMOVAL_REASON", "The reason")
        subject, warnings = self.context.read_subject(document, name, number)
        case_number = "" if kind is ListingKind.PROFESSIONAL_LENDER else parse_case_number(case).number
        own = (kind, removed_on, why)
        return LineRecord(subject, (), case_number, own, warnings=warnings, court_day=removed_on)

    async def merge_turn(self, connection: AsyncConnection, source: Source, turn: int, silent: bool) -> Merged:
        written = await self.make_rule().write(connection, source, turn)
        mine = Listing.party_id.in_(sa.select(self.staged.c.party_id).where(self.staged.c.turn == turn))
        keys, before = await end_entries(connection, await read_removed_entries(connection, mine), source.at)
        await follow(connection, {LISTINGS: keys}, before, source.at, silent=silent)
        return await self.count_lines(connection, turn, written.new, written.changed, written.outdated)


async def read_removed_entries(
    connection: AsyncConnection, which: sa.ColumnElement[bool]
) -> Mapping[int, tuple[date, CloseReason]]:
    """The entries among `which` that a removal ends, unless they have this end already, with day and reason.

    A removal ends the last entry that was published before it.
    """
    later = aliased(Listing)
    newer = sa.select(later.id).where(
        later.kind == Listing.kind,
        later.party_id == Listing.party_id,
        later.case_number == Listing.case_number,
        later.published_on > Listing.published_on,
        later.published_on <= Removal.removed_on,
    )
    reason = sa.cast(CodeRecord.close_reason, sa.Text)
    other_reason = sa.and_(CodeRecord.close_reason.in_(LEFT), reason != Removal.reason)
    query = (
        sa.select(Listing.id, Removal.removed_on, Removal.reason)
        .ext(distinct_on(Listing.id))
        .join(
            Removal,
            sa.and_(
                Removal.kind == Listing.kind,
                Removal.party_id == Listing.party_id,
                Removal.case_number == Listing.case_number,
                Removal.removed_on >= Listing.published_on,
            ),
        )
        .outerjoin(CodeRecord, CodeRecord.listing_id == Listing.id)
        .where(which, sa.or_(Listing.removed_on.is_distinct_from(Removal.removed_on), other_reason), ~newer.exists())
        .order_by(Listing.id)
    )
    rows = await connection.execute(query)
    return {row.id: (row.removed_on, CloseReason(row.reason)) for row in rows}
