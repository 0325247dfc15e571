"""Withdrawal of the deductions that are founded on a revoked sanction (R25)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.officer import Officer
from casework.batches import settle
from casework.conversions import reverse
from casework.events import lock_parties, tell, tell_gone
from casework.notifications import Withdrawal
from casework.procedure import PROCEDURE, Step, insert_steps
from casework.records import close_records, list_visible
from models.batch import Batch
from models.code_record import CloseReason, CodeRecord
from models.deduction import Deduction, DeductionStatus
from models.event import EventKind
from models.objection import Objection, ObjectionOutcome
from models.point_conversion import PointConversion
from models.sanction import FOUNDED, Sanction
from models.terms import to_court_day

REVOKED = "据以认定的决定已被撤销"
"""The reason of a revocation that comes by file."""

FALLING = (*PROCEDURE[Step.DROP].sources, *PROCEDURE[Step.REVOKE].sources)
"""The states from which a deduction is withdrawn; the others are final."""


async def withdraw_founded(
    connection: AsyncConnection, sanction_keys: Collection[int], at: datetime, reason: str, by: Officer | None = None
) -> Sequence[int]:
    """Withdraw the deductions founded on sanctions, published or not. Return their keys.

    A deduction is founded on a sanction of the same party if its finding has the number and kind of the decision. Their
    records are closed, conversions reversed, open objections answered with `reason`, and clients notified. by: the
    officer who revoked; None for a file. Call it after the revocation and before `casework.consequences.follow`, which
    updates the colours; items are locked before events.
    """
    found = await _lock(connection, sanction_keys)
    published = [row.id for row in found if row.status is DeductionStatus.PUBLISHED]
    unpublished = [row.id for row in found if row.status is not DeductionStatus.PUBLISHED]
    await _fall(connection, Step.REVOKE, published, at, reason, by)
    await _fall(connection, Step.DROP, unpublished, at, reason, by)
    await settle(connection, {row.batch_id for row in found if row.batch_id})
    which = CodeRecord.deduction_id.in_(published)
    await close_records(connection, which, to_court_day(at), CloseReason.WITHDRAWN)
    contested = await _answer(connection, [row.id for row in found], at, reason)
    known = [row for row in found if list_visible(row, to_court_day(at))]
    await lock_parties(connection, [row.party_id for row in found])
    gone = [Withdrawal(row.party_id, row.published_at) for row in known]
    await tell_gone(connection, gone, EventKind.ENTRY_WITHDRAWN, at)
    closed = [row.party_id for row in known if row.id in contested]
    await tell(connection, closed, EventKind.OBJECTION_CLOSED, at)
    await reverse(connection, PointConversion.deduction_id, published, at)
    return [row.id for row in found]


def _founded(sanction_keys: Collection[int]) -> sa.Select[Any]:
    """Select the deductions founded on sanctions."""
    kinds = sa.case({kind.value: finding.value for kind, finding in FOUNDED.items()}, value=Sanction.kind)
    cited = sa.func.starts_with(sa.func.document_key(Deduction.finding_document), Sanction.decision_number)
    same = sa.and_(Sanction.party_id == Deduction.party_id, kinds == sa.cast(Deduction.finding_kind, sa.Text), cited)
    return (
        sa.select(Deduction.__table__)
        .where(sa.select(Sanction.id).where(Sanction.id.in_(sanction_keys), same).exists())
        .where(Deduction.status.in_(FALLING))
        .order_by(Deduction.id)
    )


async def _lock(connection: AsyncConnection, sanction_keys: Collection[int]) -> Sequence[Any]:
    """Lock the batches of those deductions, then the deductions."""
    batches = _founded(sanction_keys).with_only_columns(Deduction.batch_id).order_by(None)
    await connection.execute(sa.select(Batch.id).where(Batch.id.in_(batches)).order_by(Batch.id).with_for_update())
    found: Sequence[Any] = (await connection.execute(_founded(sanction_keys).with_for_update(of=Deduction))).all()
    return found


async def _fall(
    connection: AsyncConnection, step: Step, keys: Sequence[int], at: datetime, reason: str, by: Officer | None
) -> None:
    if not keys or (status := PROCEDURE[step].target) is None:
        return
    ended = {"ended_at": at} if step is Step.REVOKE else {}
    await connection.execute(sa.update(Deduction).where(Deduction.id.in_(keys)).values(status=status, **ended))
    await insert_steps(connection, keys, status, by, at, reason)


async def _answer(connection: AsyncConnection, keys: Sequence[int], at: datetime, reason: str) -> Collection[int]:
    """Answer the open objections to deductions. Return the deductions that had one."""
    open_ones = sa.update(Objection).where(Objection.deduction_id.in_(keys), Objection.outcome.is_(None))
    answer = open_ones.values(outcome=ObjectionOutcome.WITHDRAWN, reasons=reason, decided_at=at)
    found = await connection.execute(answer.returning(Objection.deduction_id))
    return {key for key in found.scalars() if key is not None}
