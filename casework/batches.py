"""Monthly batches: the Centre collects items, the panel decides each, the Centre publishes them together (R5)."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.assessments import assess_deductions
from casework.events import tell, update_colours
from casework.panel import cast_vote
from casework.policy_profiles import read_starts
from casework.procedure import Act, Step, insert_steps, lock_deduction, permit, require_reason, take
from casework.records import record_publication
from casework.refusal import Refusal
from casework.rows import find_own, insert_new
from casework.terms import bound_end, compute_publicity_end
from casework.versions import keep_version
from languages.sentence import say
from models.batch import Batch, BatchStatus
from models.court_case import CourtCase
from models.deduction import Deduction, DeductionStatus
from models.event import EventKind
from models.policy_profile import grade_item
from models.terms import add_months, to_court_day


async def open_batch(connection: AsyncConnection, month: date, act: Act) -> int:
    """Open the batch of the officer's court for the month of a day. Return its key.

    Raises Refusal WRONG_ROLE, BAD_DATE, BATCH_EXISTS.
    """
    permit(act.officer, Step.COLLECT)
    first = month.replace(day=1)
    if first > to_court_day(act.at):
        raise Refusal("BAD_DATE", "This month has not begun yet.", "Open it when it has.", "month")
    values = {"court_code": act.officer.court_code, "month": first, "status": BatchStatus.OPEN}
    refusal = Refusal(
        "BATCH_EXISTS", say("The batch of {first:%Y-%m} is open already.", first=first), "Add to it.", "month"
    )
    key = await insert_new(connection, Batch, values, refusal)
    return key


async def collect(connection: AsyncConnection, batch_key: int, deduction_key: int, version: int, act: Act) -> None:
    """Add an approved deduction to a batch. Raises Refusal BATCH_PUBLISHED, and as `take` does."""
    batch = await _lock_batch(connection, batch_key, act)
    if batch.status is BatchStatus.PUBLISHED:
        raise _refuse_published()
    found = await lock_deduction(connection, act.officer, deduction_key, version)
    await take(connection, Step.COLLECT, found, act, batch_id=batch_key)
    await settle(connection, [batch_key])


async def decide(connection: AsyncConnection, key: int, version: int, approved: bool, act: Act) -> None:
    """Record a vote on an item. The vote that reaches the quorum of the panel decides it by the majority of all votes.

    The publicity of an item that passes begins on this day (R6). Raises Refusal as `take` does.
    """
    found = await lock_item(connection, key, version, act)
    step = await cast_vote(connection, found, approved, act)
    if step is not Step.PASS:
        await take(connection, step, found, act)
    else:
        today = to_court_day(act.at)
        code = act.officer.court_code
        starts = (await read_starts(connection, code)).get(code, ())
        longest = compute_publicity_end(found.tier, found.finding_kind, today)
        expires_on = bound_end(starts, grade_item(found.tier, found.points), today, longest)
        await take(connection, Step.PASS, found, act, determined_on=today, expires_on=expires_on)
        await keep_version(connection, key, act)
    await settle(connection, [found.batch_id])


async def notify(connection: AsyncConnection, key: int, act: Act) -> None:
    """Record the notification of the subject after the approval (R4). Raises Refusal NOTIFIED, and as `take` does."""
    found = await lock_deduction(connection, act.officer, key)
    if found.notified_at is not None:
        raise Refusal("NOTIFIED", "The subject has been notified.", "Nothing more is needed.", "id")
    await take(connection, Step.NOTIFY, found, act, notified_at=act.at)


async def publish(connection: AsyncConnection, key: int, act: Act) -> Sequence[int]:
    """Publish all items that the panel approved. Return their keys.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, BATCH_PUBLISHED, TOO_EARLY, UNDECIDED, NOT_NOTIFIED.
    """
    permit(act.officer, Step.PUBLISH)
    reason = require_reason(act.reason)
    batch = await _lock_batch(connection, key, act)
    if batch.status is BatchStatus.PUBLISHED:
        raise _refuse_published()
    _check_over(batch.month, to_court_day(act.at))
    await _check_ready(connection, key, act)
    published = sa.update(Batch).where(Batch.id == key)
    await connection.execute(published.values(status=BatchStatus.PUBLISHED, published_at=act.at))
    keys = await _publish_items(connection, key, act, reason)
    told, annotated, coloured = await record_publication(connection, keys)
    await tell(connection, told, EventKind.ENTRY_PUBLISHED, act.at)
    await tell(connection, annotated, EventKind.OBJECTION_OPENED, act.at)
    await update_colours(connection, coloured, act.at)
    await assess_deductions(connection, keys, act.at)
    return keys


async def _lock_batch(connection: AsyncConnection, key: int, act: Act) -> sa.Row[Any]:
    """Lock a batch of the officer's court. A batch is always locked before its items, to avoid deadlocks."""
    query = sa.select(Batch.__table__).where(Batch.id == key).with_for_update()
    found = await find_own(connection, query, act.officer, "batch")
    return found


async def lock_item(connection: AsyncConnection, key: int, version: int | None, act: Act) -> sa.Row[Any]:
    """Lock the batch of a deduction, then the deduction. Raises Refusal NOT_FOUND, STALE_VERSION."""
    query = sa.select(Deduction.batch_id, CourtCase.court_code).join(CourtCase, CourtCase.id == Deduction.case_id)
    place = await find_own(connection, query.where(Deduction.id == key), act.officer, "deduction")
    if place.batch_id is not None:
        await _lock_batch(connection, place.batch_id, act)
    found = await lock_deduction(connection, act.officer, key, version)
    if found.batch_id != place.batch_id:
        raise Refusal("WRONG_STATE", "The deduction is being added to a batch just now.", "Read it again.", "id")
    return found


def _refuse_published() -> Refusal:
    message = "This month is published; nothing is added to it."
    return Refusal("BATCH_PUBLISHED", message, "Open another month.", "batch")


def _check_over(month: date, today: date) -> None:
    """Raise Refusal TOO_EARLY unless the month is over (R5)."""
    if today < (first := add_months(month, 1)):
        raise Refusal(
            "TOO_EARLY",
            say("{month:%Y-%m} is not over (R5).", month=month),
            say("Publish it from {first} on.", first=first),
            "id",
        )


async def settle(connection: AsyncConnection, batch_keys: Collection[int]) -> None:
    """Set locked, unpublished batches to OPEN if the panel still has to decide an item, otherwise to DECIDED."""
    waiting = sa.select(Deduction.id).where(
        Deduction.batch_id == Batch.id, Deduction.status == DeductionStatus.IN_BATCH
    )
    status = sa.case((waiting.exists(), BatchStatus.OPEN.value), else_=BatchStatus.DECIDED.value)
    unpublished = (Batch.id.in_(batch_keys), Batch.status != BatchStatus.PUBLISHED)
    await connection.execute(sa.update(Batch).where(*unpublished).values(status=status))


async def _check_ready(connection: AsyncConnection, batch_key: int, act: Act) -> None:
    undecided = Deduction.status == DeductionStatus.IN_BATCH
    unnotified = sa.and_(
        Deduction.status == DeductionStatus.PANEL_APPROVED,
        sa.or_(Deduction.notified_at.is_(None), Deduction.notified_at >= act.at),
    )
    count = sa.func.count()
    query = sa.select(count.filter(undecided), count.filter(unnotified)).where(Deduction.batch_id == batch_key)
    waiting, untold = (await connection.execute(query)).one()
    if waiting:
        raise Refusal(
            "UNDECIDED",
            say("The panel has not decided {waiting} items.", waiting=waiting),
            "Let it decide each.",
            "batch",
        )
    if untold:
        message = say("The subjects of {untold} items have not been notified (R4).", untold=untold)
        raise Refusal("NOT_NOTIFIED", message, "Notify them.", "batch")


async def _publish_items(connection: AsyncConnection, batch_key: int, act: Act, reason: str) -> Sequence[int]:
    approved = sa.and_(Deduction.batch_id == batch_key, Deduction.status == DeductionStatus.PANEL_APPROVED)
    update = sa.update(Deduction).where(approved).values(status=DeductionStatus.PUBLISHED, published_at=act.at)
    keys = (await connection.execute(update.returning(Deduction.id))).scalars().all()
    if keys:
        await insert_steps(connection, keys, DeductionStatus.PUBLISHED, act.officer, act.at, reason)
    return sorted(keys)
