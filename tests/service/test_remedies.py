"""Objections and repairs (R8-R10): when they may be filed, what an answer changes, and what vanishes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from courtroom import NEIGHBOUR, RECEIPT, Courtroom, refused, stored
from sqlalchemy.ext.asyncio import AsyncConnection

from casework import batches, objections, repairs
from casework.objections import ObjectionAnswer
from casework.repairs import Application, RepairDecision
from models.code_record import CodePeriod, CodeRecord, is_known_today
from models.court import StaffRole
from models.deduction import DeductionStatus, DeductionVersion, FindingKind
from models.objection import Objection, ObjectionOutcome
from models.repair import Repair, RepairGround, RepairOutcome

PERFORMED = Application(RepairGround.FULL_PERFORMANCE, "已全部履行，承诺诚信诉讼。", Decimal("120000.50"), RECEIPT)


async def yellow(connection: AsyncConnection, room: Courtroom) -> int:
    """A published deduction that makes its subject yellow for two years, from 2026-03-02."""
    finding = room.proposal().finding
    changed = type(finding)(FindingKind.RULING, finding.number, finding.issued_on, finding.digest)
    return await room.published(connection, behaviour="E08", points=7, finding=changed)


async def colours(connection: AsyncConnection, day: date) -> dict[str, str]:
    """The colours of the first debtor on a day, as the court and as others see them."""
    query = sa.select(CodePeriod.perspective, CodePeriod.colour).where(CodePeriod.during.contains(day))
    found = (await connection.execute(query.where(is_known_today(CodePeriod)))).all()
    return {"COURT": "GREEN", "OUTSIDE": "GREEN"} | {row.perspective.value: row.colour.value for row in found}


async def object_to(connection: AsyncConnection, room: Courtroom, key: int, party: int = 0) -> int:
    """The subject objects."""
    at = room.act(StaffRole.PANEL).at
    return await objections.file_objection(connection, room.parties[party], key, "义务已按期履行。", at)


# --- objections -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filed", "due"),
    [
        (datetime(2026, 3, 5, 4, tzinfo=UTC), date(2026, 4, 5)),
        (datetime(2026, 3, 31, 4, tzinfo=UTC), date(2026, 4, 30)),
        (datetime(2027, 1, 29, 17, tzinfo=UTC), date(2027, 2, 28)),
    ],
)
async def test_an_objection_is_due_on_the_same_day_of_the_next_month(
    connection: AsyncConnection, room: Courtroom, filed: datetime, due: date
) -> None:
    """The third is filed on the 30th of January, by the court's clock."""
    key = await room.published(connection)
    room.now = filed
    objection = await object_to(connection, room, key)
    query = sa.select(Objection.filed_on, Objection.due_on).where(Objection.id == objection)
    assert (await connection.execute(query)).one().due_on == due


async def test_an_objection_may_be_filed_from_the_notification_on(connection: AsyncConnection, room: Courtroom) -> None:
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    key = await room.collected(connection, batch)
    await batches.decide(connection, key, 1, True, room.act(StaffRole.PANEL))
    assert await refused(object_to(connection, room, key)) == "NOT_FOUND"
    await batches.notify(connection, key, room.act(StaffRole.CENTRE))
    assert await object_to(connection, room, key)


async def test_an_objection_is_one_s_own_and_one_at_a_time(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.published(connection)
    assert await refused(object_to(connection, room, key, party=1)) == "NOT_FOUND"
    await object_to(connection, room, key)
    assert await refused(object_to(connection, room, key)) == "OBJECTION_OPEN"


async def test_an_expired_item_is_objected_to_no_more(connection: AsyncConnection, room: Courtroom) -> None:
    """Its last day is a day of publicity, and one on which it is objected to (R6, R8)."""
    key = await room.published(connection)
    room.now = datetime(2027, 3, 3, 4, tzinfo=UTC)
    assert await refused(object_to(connection, room, key)) == "NOT_FOUND"


async def answered(connection: AsyncConnection, room: Courtroom, key: int, given: ObjectionAnswer) -> None:
    """An objection with its answer, ten days later."""
    objection = await object_to(connection, room, key)
    room.now += timedelta(days=10)
    await objections.answer_objection(connection, objection, given, room.act(StaffRole.PANEL, 1))


async def test_an_item_that_is_upheld_stays_as_it_is(connection: AsyncConnection, room: Courtroom) -> None:
    key = await yellow(connection, room)
    before = await stored(connection, key)
    await answered(connection, room, key, ObjectionAnswer(ObjectionOutcome.UPHELD_AS_PUBLISHED))
    assert await stored(connection, key) == before
    assert (await connection.execute(sa.select(Objection.outcome))).scalars().all() == ["UPHELD_AS_PUBLISHED"]


async def test_an_amendment_is_a_new_version(connection: AsyncConnection, room: Courtroom) -> None:
    key = await yellow(connection, room)
    await answered(connection, room, key, ObjectionAnswer(ObjectionOutcome.AMENDED, points=6))
    found = await stored(connection, key)
    assert (found.status, found.points, found.version) == (DeductionStatus.PUBLISHED, 6, 2)
    query = sa.select(DeductionVersion.version, DeductionVersion.points).order_by(DeductionVersion.version)
    assert (await connection.execute(query)).all() == [(1, 7), (2, 6)]


@pytest.mark.parametrize("points", [None, 5, 7, 9])
async def test_an_amendment_keeps_to_the_band(connection: AsyncConnection, room: Courtroom, points: int | None) -> None:
    key = await yellow(connection, room)
    given = ObjectionAnswer(ObjectionOutcome.AMENDED, points)
    assert await refused(answered(connection, room, key, given)) == "POINTS_OUT_OF_BAND"


async def test_a_withdrawn_item_takes_its_record_along(connection: AsyncConnection, room: Courtroom) -> None:
    key = await yellow(connection, room)
    assert await colours(connection, date(2026, 3, 5)) == {"COURT": "YELLOW", "OUTSIDE": "YELLOW"}
    await answered(connection, room, key, ObjectionAnswer(ObjectionOutcome.WITHDRAWN))
    found = await stored(connection, key)
    assert (found.status, found.ended_at) == (DeductionStatus.WITHDRAWN, room.now)
    record = (await connection.execute(sa.select(CodeRecord.closed_on, CodeRecord.close_reason))).one()
    assert (record.closed_on, record.close_reason) == (date(2026, 3, 12), "WITHDRAWN")
    assert await colours(connection, date(2026, 3, 5)) == {"COURT": "GREEN", "OUTSIDE": "GREEN"}
    assert await colours(connection, date(2026, 3, 13)) == {"COURT": "GREEN", "OUTSIDE": "GREEN"}


async def test_what_was_not_yet_published_is_rejected_instead(connection: AsyncConnection, room: Courtroom) -> None:
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    key = await room.notified(connection, batch)
    await answered(connection, room, key, ObjectionAnswer(ObjectionOutcome.WITHDRAWN))
    assert (await stored(connection, key)).status is DeductionStatus.PANEL_REJECTED
    assert await batches.publish(connection, batch, room.act(StaffRole.CENTRE)) == []


async def test_an_objection_is_answered_once(connection: AsyncConnection, room: Courtroom) -> None:
    key = await yellow(connection, room)
    upheld = ObjectionAnswer(ObjectionOutcome.UPHELD_AS_PUBLISHED)
    await answered(connection, room, key, upheld)
    objection = (await connection.execute(sa.select(Objection.id))).scalar_one()
    again = objections.answer_objection(connection, objection, upheld, room.act(StaffRole.PANEL))
    assert await refused(again) == "ANSWERED"


@pytest.mark.parametrize("outcome", [ObjectionOutcome.UPHELD_AS_PUBLISHED, ObjectionOutcome.WITHDRAWN])
async def test_who_proposed_does_not_judge_the_objection(
    connection: AsyncConnection, room: Courtroom, outcome: ObjectionOutcome
) -> None:
    """Also when the judge sits on the panel by now."""
    key = await yellow(connection, room)
    objection = await object_to(connection, room, key)
    act = room.act(StaffRole.PANEL)
    promoted = replace(act, officer=replace(room.officer(StaffRole.JUDGE), role=StaffRole.PANEL))
    assert (
        await refused(objections.answer_objection(connection, objection, ObjectionAnswer(outcome), promoted))
        == "SAME_PERSON"
    )


async def test_another_court_s_objection_is_not_there(connection: AsyncConnection, room: Courtroom) -> None:
    objection = await object_to(connection, room, await yellow(connection, room))
    act = room.act(StaffRole.PANEL, court=NEIGHBOUR)
    given = ObjectionAnswer(ObjectionOutcome.UPHELD_AS_PUBLISHED)
    assert await refused(objections.answer_objection(connection, objection, given, act)) == "NOT_FOUND"
    assert await refused(objections.answer_objection(connection, 999_999, given, act)) == "NOT_FOUND"


# --- repairs ----------------------------------------------------------------------------------------------------------


async def applied(connection: AsyncConnection, room: Courtroom, key: int, day: datetime) -> int:
    """The subject applies on a day."""
    room.now = day
    return await repairs.apply(connection, room.parties[0], key, PERFORMED, day)


async def test_a_repair_needs_the_minimum_period(connection: AsyncConnection, room: Courtroom) -> None:
    key = await yellow(connection, room)
    early, in_time = datetime(2026, 9, 1, 4, tzinfo=UTC), datetime(2026, 9, 2, 4, tzinfo=UTC)
    assert await refused(applied(connection, room, key, early)) == "TOO_EARLY"
    await applied(connection, room, key, in_time)
    kept = (await connection.execute(sa.select(Repair.amount_performed, Repair.ground, Repair.applied_on))).one()
    assert kept == (Decimal("120000.50"), RepairGround.FULL_PERFORMANCE, date(2026, 9, 2))


async def decided(connection: AsyncConnection, room: Courtroom, key: int, decision: RepairDecision) -> None:
    """An application in September, with its decision ten days later."""
    application = await applied(connection, room, key, datetime(2026, 9, 5, 4, tzinfo=UTC))
    room.now += timedelta(days=10)
    await repairs.decide_repair(connection, application, decision, room.act(StaffRole.PANEL))


async def test_a_shortened_item_and_its_record_end_earlier(connection: AsyncConnection, room: Courtroom) -> None:
    key = await yellow(connection, room)
    await decided(connection, room, key, RepairDecision(RepairOutcome.SHORTENED, date(2026, 12, 1)))
    found = await stored(connection, key)
    assert (found.status, found.expires_on, found.version) == (DeductionStatus.PUBLISHED, date(2026, 12, 1), 2)
    assert await colours(connection, date(2026, 12, 1)) == {"COURT": "YELLOW", "OUTSIDE": "YELLOW"}
    assert await colours(connection, date(2026, 12, 2)) == {"COURT": "GREEN", "OUTSIDE": "GREEN"}


@pytest.mark.parametrize("end", [None, date(2026, 9, 15), date(2028, 3, 2), date(2030, 1, 1)])
async def test_shorter_means_shorter(connection: AsyncConnection, room: Courtroom, end: date | None) -> None:
    key = await yellow(connection, room)
    assert await refused(decided(connection, room, key, RepairDecision(RepairOutcome.SHORTENED, end))) == "BAD_DATE"


async def test_a_shielded_item_has_never_been(connection: AsyncConnection, room: Courtroom) -> None:
    key = await yellow(connection, room)
    await decided(connection, room, key, RepairDecision(RepairOutcome.SHIELDED))
    assert (await stored(connection, key)).status is DeductionStatus.SHIELDED
    assert await colours(connection, date(2026, 5, 1)) == {"COURT": "YELLOW", "OUTSIDE": "GREEN"}


async def test_a_refusal_changes_nothing(connection: AsyncConnection, room: Courtroom) -> None:
    key = await yellow(connection, room)
    before = await stored(connection, key)
    await decided(connection, room, key, RepairDecision(RepairOutcome.REFUSED))
    assert await stored(connection, key) == before
    assert (await connection.execute(sa.select(Repair.outcome))).scalars().all() == ["REFUSED"]


async def test_a_repair_is_for_the_panel_and_decided_once(connection: AsyncConnection, room: Courtroom) -> None:
    key = await yellow(connection, room)
    await decided(connection, room, key, RepairDecision(RepairOutcome.REFUSED))
    repair, refusal = (
        (await connection.execute(sa.select(Repair.id))).scalar_one(),
        RepairDecision(RepairOutcome.REFUSED),
    )
    panel, judge = room.act(StaffRole.PANEL), room.act(StaffRole.JUDGE)
    assert await refused(repairs.decide_repair(connection, repair, refusal, panel)) == "DECIDED"
    assert await refused(repairs.decide_repair(connection, repair, refusal, judge)) == "WRONG_ROLE"


async def test_nobody_applies_for_another(connection: AsyncConnection, room: Courtroom) -> None:
    key = await yellow(connection, room)
    at = datetime(2026, 9, 5, 4, tzinfo=UTC)
    assert await refused(repairs.apply(connection, room.parties[1], key, PERFORMED, at)) == "NOT_FOUND"


async def test_an_item_has_one_open_application(connection: AsyncConnection, room: Courtroom) -> None:
    key, day = await yellow(connection, room), datetime(2026, 9, 5, 4, tzinfo=UTC)
    await applied(connection, room, key, day)
    assert await refused(applied(connection, room, key, day)) == "APPLIED"


@pytest.mark.parametrize("outcome", [RepairOutcome.SHIELDED, RepairOutcome.SHORTENED])
async def test_what_is_contested_is_not_repaired(
    connection: AsyncConnection, room: Courtroom, outcome: RepairOutcome
) -> None:
    """Else the objection could never be answered."""
    key = await yellow(connection, room)
    await object_to(connection, room, key)
    assert await refused(decided(connection, room, key, RepairDecision(outcome, date(2026, 12, 1)))) == "OBJECTION_OPEN"


async def test_what_is_over_is_not_repaired(connection: AsyncConnection, room: Courtroom) -> None:
    key = await yellow(connection, room)
    application = await applied(connection, room, key, datetime(2026, 9, 5, 4, tzinfo=UTC))
    room.now = datetime(2028, 3, 3, 4, tzinfo=UTC)
    shielded = repairs.decide_repair(
        connection, application, RepairDecision(RepairOutcome.SHIELDED), room.act(StaffRole.PANEL)
    )
    assert await refused(shielded) == "EXPIRED"


async def test_another_court_s_application_is_not_there(connection: AsyncConnection, room: Courtroom) -> None:
    key = await yellow(connection, room)
    application = await applied(connection, room, key, datetime(2026, 9, 5, 4, tzinfo=UTC))
    act = room.act(StaffRole.PANEL, court=NEIGHBOUR)
    decision = RepairDecision(RepairOutcome.REFUSED)
    assert await refused(repairs.decide_repair(connection, application, decision, act)) == "NOT_FOUND"
