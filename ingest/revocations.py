"""Decisions that were revoked later, as the formats of sanctions, convictions and certificates may say (R12, R25)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import Column, Date
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import Sight
from casework.founded import withdraw_founded
from casework.matters import SANCTIONS
from ingest.recording import RecordingFormat
from ingest.report import LineError
from ingest.versions import Present, Source, Written
from models.dates import parse_date
from models.sanction import Sanction

REASON = "据以认定的决定已被撤销"
"""Why a deduction falls whose decision a file reports as revoked."""


def revoked_column() -> Column[date]:
    """The staging column of the day on which a row was revoked."""
    return Column("revoked_on", Date)


def _kept(staged: Any, row: Any) -> Any:
    """What was revoked stays so, whatever an export leaves out."""
    return sa.func.coalesce(staged.revoked_on, row.revoked_on)


class RevocableFormat(RecordingFormat):
    """A format whose lines may say on which day their decision was revoked."""

    optional = ("撤销日期",)
    derived: ClassVar[Mapping[str, Present]] = {"revoked_on": _kept}

    def revoked(self, text: str, decided_on: date) -> date | None:
        """The day of revocation, if any. Raises LineError DATE if it was before the decision, or is to come."""
        if self.context.vocabulary.blank(text):
            return None
        day = parse_date(text)
        if not decided_on <= day <= self.context.today:
            raise LineError("DATE", "It is revoked after its decision, and not in time to come: correct 撤销日期.")
        return day


class SanctionFormat(RevocableFormat):
    """A format whose lines are decisions on one party each: with a revoked one fall the deductions founded on it."""

    matter = SANCTIONS
    key = ("party_id", "decision_number", "kind")

    async def end(
        self, connection: AsyncConnection, source: Source, turn: int, written: Written
    ) -> tuple[Sequence[int], Sight]:
        """Withdraw what is founded on decisions that are revoked by these lines."""
        rows = sa.select(Sanction.id).where(Sanction.revoked_on.is_not(None))
        lines = rows.where(Sanction.id.in_([*written.new, *written.changed]))
        if revoked := (await connection.execute(lines)).scalars().all():
            await withdraw_founded(connection, revoked, source.at, REASON)
        return (), {}
