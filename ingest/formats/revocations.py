"""Decisions that were revoked later, as the formats of sanctions, convictions and certificates may say (R12, R25)."""

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
from ingest.recording import KeyedFormat, RecordingFormat
from ingest.report import LineError
from ingest.versions import Present, Source, Written
from models.dates import parse_date


def revoked_column() -> Column[date]:
    """The staging column of the day on which a row was revoked."""
    return Column("revoked_on", Date)


def _kept(staged: Any, row: Any) -> Any:
    """What was revoked stays so, whatever an export leaves out."""
    return sa.func.coalesce(staged.revoked_on, row.revoked_on)


class RevocableFormat(KeyedFormat):
    """A format whose lines may say on which day their row was revoked."""

    optional = ("撤销日期",)
    derived: ClassVar[Mapping[str, Present]] = {"revoked_on": _kept}

    def revoked(self, text: str, decided_on: date) -> date | None:
        """The day of revocation, if any. decided_on: the earliest that it can be. Raises LineError DATE."""
        if self.context.vocabulary.blank(text):
            return None
        day = parse_date(text)
        if not decided_on <= day <= self.context.today:
            raise LineError("DATE", "It is revoked after its decision, and not in time to come: correct 撤销日期.")
        return day

    async def revoked_of(self, connection: AsyncConnection, keys: Sequence[int]) -> Sequence[int]:
        """Those of these rows that are revoked."""
        row = self.table.c
        query = sa.select(row.id).where(row.id == sa.any_(bind_keys(keys)), row.revoked_on.is_not(None))
        return (await connection.execute(query)).scalars().all() if keys else ()


class SanctionFormat(RevocableFormat, RecordingFormat):
    """A format whose lines are decisions on one party each: with a revoked one fall the deductions founded on it."""

    matter = SANCTIONS
    key = ("party_id", "decision_number", "kind")

    async def end(
        self, connection: AsyncConnection, source: Source, turn: int, written: Written
    ) -> tuple[Sequence[int], Visible]:
        """Withdraw what is founded on decisions that are revoked by these lines."""
        if revoked := await self.revoked_of(connection, [*written.new, *written.changed]):
            await withdraw_founded(connection, revoked, source.at, REVOKED)
        return (), {}
