"""Base classes of the formats whose rows can be revoked (R12, R25)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import Column, Date
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import Visible
from casework.keys import bind_keys
from casework.matters import SANCTIONS
from casework.revocations import REVOKED, withdraw_founded
from ingest.keyed_formats import KeyedFormat, RecordingFormat
from ingest.report import LineError
from ingest.versions import Present, Source, Written
from models.dates import parse_date


def make_revoked_column() -> Column[date]:
    """The staging column of the day of revocation."""
    return Column("revoked_on", Date)


def _kept(staged: Any, row: Any) -> Any:
    """A revocation is kept if a later export omits it."""
    return sa.func.coalesce(staged.revoked_on, row.revoked_on)


class RevocableFormat(KeyedFormat):
    """A format with an optional column for the day of revocation."""

    optional = ("撤销日期",)
    derived: ClassVar[Mapping[str, Present]] = {"revoked_on": _kept}

    def read_revocation(self, text: str, decided_on: date) -> date | None:
        """The day of revocation, not before `decided_on`. Raises LineError DATE."""
        if self.context.vocabulary.blank(text):
            return None
        day = parse_date(text)
        if not decided_on <= day <= self.context.today:
            raise LineError("DATE", "It is revoked after its decision, and not in time to come: correct 撤销日期.")
        return day

    async def find_revoked(self, connection: AsyncConnection, keys: Sequence[int]) -> Sequence[int]:
        """The keys of the rows that are revoked."""
        row = self.table.c
        query = sa.select(row.id).where(row.id == sa.any_(bind_keys(keys)), row.revoked_on.is_not(None))
        return (await connection.execute(query)).scalars().all() if keys else ()


class SanctionFormat(RevocableFormat, RecordingFormat):
    """A format whose lines are decisions against one party. Revoking one withdraws the deductions founded on it."""

    matter = SANCTIONS
    key = ("party_id", "decision_number", "kind")

    async def end(
        self, connection: AsyncConnection, source: Source, turn: int, written: Written
    ) -> tuple[Sequence[int], Visible]:
        """Withdraw the deductions founded on decisions that these lines revoke."""
        if revoked := await self.find_revoked(connection, [*written.new, *written.changed]):
            await withdraw_founded(connection, revoked, source.at, REVOKED)
        return (), {}
