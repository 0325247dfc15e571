"""Objections: filed by the subject in writing, answered by the panel within a month (R8, R10)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.assessments import reassess
from casework.batches import lock_item
from casework.conversions import reverse
from casework.events import update_colours
from casework.panel import has_voted
from casework.policy_profiles import read_starts
from casework.procedure import OBJECTIONABLE, Act, Step, permit, require_reason, take
from casework.record_objections import Contested, lock_record, select_record, settle_record
from casework.records import end_item, shorten_record, tell_of
from casework.reexaminations import check_reexamined, reexamine
from casework.refusal import Refusal, refuse_missing
from casework.reminders import COURT_OF_OBJECTION, join_courts
from casework.restorations import restore_repaired
from casework.rows import insert_new
from casework.terms import bound_end, compute_answer_due
from casework.versions import keep_version
from languages.sentence import say
from models.catalogue import Behaviour
from models.deduction import Deduction, DeductionStatus
from models.event import EventKind
from models.objection import TARGETS, Objection, ObjectionOutcome
from models.point_conversion import PointConversion
from models.policy_profile import grade_item
from models.terms import to_court_day


@dataclass(frozen=True)
class ObjectionAnswer:
    """The panel's answer. points: for AMENDED, the new and lower number within the behaviour's band."""

    outcome: ObjectionOutcome
    points: int | None = None


async def file_objection(
    connection: AsyncConnection, party_key: int, deduction_key: int, statement: str, at: datetime
) -> int:
    """File a subject's objection to its own deduction, as `object_to` does."""
    return await object_to(connection, party_key, Contested(deduction_key), statement, at)


async def object_to(
    connection: AsyncConnection, party_key: int, contested: Contested, statement: str, at: datetime
) -> int:
    """File a subject's objection to its own item. Return the objection's key.

    The item is annotated, not suspended. Raises Refusal NOT_FOUND, BAD_ID, REASON_REQUIRED, OBJECTION_OPEN.
    """
    text, today = require_reason(statement), to_court_day(at)
    column, key = contested.find_target()
    query = (
        _select_own(key, party_key, today) if column == "deduction_id" else select_record(column, key, party_key, today)
    )
    item = (await connection.execute(query.with_for_update())).one_or_none()
    if item is None:
        raise refuse_missing("item of yours", f"{column.removesuffix('_id')}Id")
    values = {column: key, "statement": text, "filed_on": today, "due_on": compute_answer_due(today)}
    refusal = Refusal("OBJECTION_OPEN", "An objection to this item is open already.", "Await its answer.", "id")
    objection = await insert_new(connection, Objection, values, refusal)
    await tell_of(connection, item, EventKind.OBJECTION_OPENED, at)
    return objection


def _select_own(key: int, party_key: int, today: date) -> Any:
    """Select a party's own deduction to which it may object (R8)."""
    return sa.select(Deduction.party_id, Deduction.publicity).where(
        Deduction.id == key,
        Deduction.party_id == party_key,
        Deduction.notified_at.is_not(None),
        Deduction.status.in_(OBJECTIONABLE),
        Deduction.expires_on >= today,
    )


async def reexamine_objection(connection: AsyncConnection, key: int, opinion: ObjectionOutcome, act: Act) -> None:
    """Give the opinion of the Centre, or of the proposing division, on an open objection. Raises Refusal NOT_FOUND,
    ANSWERED, and as `reexamine` does."""
    await reexamine(connection, await _lock_open(connection, key, act), opinion, act)


async def answer_objection(connection: AsyncConnection, key: int, given: ObjectionAnswer, act: Act) -> None:
    """Answer an open objection, with reasons.

    UPHELD_AS_PUBLISHED changes nothing, AMENDED makes a new version with fewer points, WITHDRAWN ends the item and its
    record, or rejects an unpublished one. Members of the panel who passed the item may not answer (R8). Raises
    Refusal NOT_FOUND, ANSWERED, SAME_PERSON, POINTS_RAISED, POINTS_OUT_OF_BAND, BAD_EXTENT, UNDECIDED, and as `take`
    does.
    """
    objection = await _lock_open(connection, key, act)
    permit(act.officer, Step.UPHOLD)
    await check_reexamined(connection, key, act)
    if objection.deduction_id is not None:
        found = await lock_item(connection, objection.deduction_id, None, act)
        await _check_another(connection, found, act)
        await _answer_item(connection, found, given, act)
    else:
        column = next(name for name in TARGETS if getattr(objection, name) is not None)
        found = (await connection.execute(lock_record(column, getattr(objection, column)))).one()
        await settle_record(connection, column, found, given.outcome, act)
    values = {"outcome": given.outcome, "reasons": require_reason(act.reason), "decided_at": act.at}
    values["answered_by"] = act.officer.key
    await connection.execute(sa.update(Objection).where(Objection.id == key).values(values))
    await tell_of(connection, found, EventKind.OBJECTION_CLOSED, act.at)


async def _answer_item(connection: AsyncConnection, found: sa.Row[Any], given: ObjectionAnswer, act: Act) -> None:
    """Carry out the answer to an objection to a locked deduction."""
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


async def _lock_open(connection: AsyncConnection, key: int, act: Act) -> Any:
    query = join_courts(sa.select(Objection.__table__)).where(
        Objection.id == key, act.officer.court_code == COURT_OF_OBJECTION
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
        message = say("An amendment takes another number from {low} to {high} (R1).", low=low, high=high)
        raise Refusal("POINTS_OUT_OF_BAND", message, "Give one.", "points")
    if points > found.points:
        message = say(
            "An objection never costs its subject more: the item takes {points} points (R8).", points=found.points
        )
        raise Refusal("POINTS_RAISED", message, "Give a lower number.", "points")
    step = Step.AMEND if found.status is DeductionStatus.PUBLISHED else Step.CORRECT
    end = await _bound(connection, found, points, act)
    await take(connection, step, found, act, points=points, expires_on=end, version=found.version + 1)
    await keep_version(connection, found.id, act)
    if end != found.expires_on:
        await shorten_record(connection, found.id, end)
        await update_colours(connection, [found.party_id], act.at)
    await reassess(connection, [found.id], act.at)
    await restore_repaired(connection, [found.id], act.at)
    await tell_of(connection, found, EventKind.ENTRY_AMENDED, act.at)


async def _bound(connection: AsyncConnection, found: sa.Row[Any], points: int, act: Act) -> date:
    """Return the last day of an item with fewer points: a profile of the court may allow them less publicity. Not a day
    that is over, so that the end is told of on its day."""
    code = act.officer.court_code
    starts = (await read_starts(connection, code)).get(code, ())
    last: date = found.expires_on
    end = bound_end(starts, grade_item(found.tier, points), found.determined_on, last)
    return last if end is None else max(end, min(last, to_court_day(act.at)))
