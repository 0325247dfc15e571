"""Objections: filed by the subject in writing, answered by the panel within a month (R8, R10)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.assessments import reassess
from casework.batches import lock_item
from casework.conversions import reverse
from casework.panel import has_voted
from casework.procedure import OBJECTIONABLE, Act, Step, permit, require_reason, take
from casework.records import end_item, tell_of
from casework.refusal import Refusal, refuse_missing
from casework.restorations import restore_repaired
from casework.rows import insert_new
from casework.terms import compute_answer_due
from casework.versions import keep_version
from models.catalogue import Behaviour
from models.court_case import CourtCase
from models.deduction import Deduction, DeductionStatus
from models.event import EventKind
from models.objection import Objection, ObjectionOutcome
from models.point_conversion import PointConversion
from models.terms import to_court_day


@dataclass(frozen=True)
class ObjectionAnswer:
    """The panel's answer. points: for AMENDED, the new and lower number within the behaviour's band."""

    outcome: ObjectionOutcome
    points: int | None = None


async def file_objection(
    connection: AsyncConnection, party_key: int, deduction_key: int, statement: str, at: datetime
) -> int:
    """File a subject's objection to its own item. Return the objection's key.

    The item is annotated, not suspended. Raises Refusal NOT_FOUND, REASON_REQUIRED, OBJECTION_OPEN.
    """
    text, today = require_reason(statement), to_court_day(at)
    query = sa.select(Deduction.party_id, Deduction.publicity).where(
        Deduction.id == deduction_key,
        Deduction.party_id == party_key,
        Deduction.notified_at.is_not(None),
        Deduction.status.in_(OBJECTIONABLE),
        Deduction.expires_on >= today,
    )
    item = (await connection.execute(query.with_for_update())).one_or_none()
    if item is None:
        raise refuse_missing("deduction in your court")
    values = {"deduction_id": deduction_key, "statement": text, "filed_on": today, "due_on": compute_answer_due(today)}
    refusal = Refusal("OBJECTION_OPEN", "An objection to this item is open already.", "Await its answer.", "id")
    objection = await insert_new(connection, Objection, values, refusal)
    await tell_of(connection, item, EventKind.OBJECTION_OPENED, at)
    return objection


async def answer_objection(connection: AsyncConnection, key: int, given: ObjectionAnswer, act: Act) -> None:
    """Answer an open objection, with reasons.

    UPHELD_AS_PUBLISHED changes nothing, AMENDED makes a new version with fewer points, WITHDRAWN ends the item and its
    record, or rejects an unpublished one. Members of the panel who passed the item may not answer (R8). Raises
    Refusal NOT_FOUND, ANSWERED, SAME_PERSON, POINTS_RAISED, POINTS_OUT_OF_BAND, and as `take` does.
    """
    objection = await _lock_open(connection, key, act)
    found = await lock_item(connection, objection.deduction_id, None, act)
    permit(act.officer, Step.UPHOLD)
    await _check_another(connection, found, act)
    match given.outcome:
        case ObjectionOutcome.AMENDED:
            await _amend(connection, found, given.points, act)
        case ObjectionOutcome.WITHDRAWN if found.status is DeductionStatus.PUBLISHED:
            await end_item(connection, Step.WITHDRAW, found, act)
            await reverse(connection, PointConversion.deduction_id, [found.id], act.at)
        case ObjectionOutcome.WITHDRAWN:
            await take(connection, Step.OVERTURN, found, act)
        case ObjectionOutcome.UPHELD_AS_PUBLISHED:
            await take(connection, Step.UPHOLD, found, act)
    values = {"outcome": given.outcome, "reasons": require_reason(act.reason), "decided_at": act.at}
    values["answered_by"] = act.officer.key
    await connection.execute(sa.update(Objection).where(Objection.id == key).values(values))
    await tell_of(connection, found, EventKind.OBJECTION_CLOSED, act.at)


async def _lock_open(connection: AsyncConnection, key: int, act: Act) -> Any:
    query = (
        sa.select(Objection.deduction_id, Objection.outcome)
        .join(Deduction, Deduction.id == Objection.deduction_id)
        .join(CourtCase, CourtCase.id == Deduction.case_id)
        .where(Objection.id == key, CourtCase.court_code == act.officer.court_code)
    )
    found = (await connection.execute(query.with_for_update(of=Objection))).one_or_none()
    if found is None:
        raise refuse_missing("objection in your court")
    if found.outcome is not None:
        raise Refusal("ANSWERED", "This objection has its answer.", "A subject may object anew.", "id")
    return found


async def _check_another(connection: AsyncConnection, found: sa.Row[Any], act: Act) -> None:
    """Raise Refusal SAME_PERSON for an officer who passed the item. A trigger enforces this too."""
    if found.decided_by == act.officer.key or await has_voted(connection, found.id, act):
        message = "You passed this item; an objection is answered by another."
        raise Refusal("SAME_PERSON", message, "Leave it to a colleague.")


async def _amend(connection: AsyncConnection, found: sa.Row[Any], points: int | None, act: Act) -> None:
    query = sa.select(Behaviour.points_min, Behaviour.points_max).where(Behaviour.id == found.behaviour_id)
    low, high = (await connection.execute(query)).one()
    if points is None or points == found.points or not low <= points <= high:
        message = f"An amendment takes another number from {low} to {high} (R1)."
        raise Refusal("POINTS_OUT_OF_BAND", message, "Give one.", "points")
    if points > found.points:
        message = f"An objection never costs its subject more: the item takes {found.points} points (R8)."
        raise Refusal("POINTS_RAISED", message, "Give a lower number.", "points")
    step = Step.AMEND if found.status is DeductionStatus.PUBLISHED else Step.CORRECT
    await take(connection, step, found, act, points=points, version=found.version + 1)
    await keep_version(connection, found.id, act)
    await reassess(connection, [found.id], act.at)
    await restore_repaired(connection, [found.id], act.at)
    await tell_of(connection, found, EventKind.ENTRY_AMENDED, act.at)
