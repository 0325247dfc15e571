"""The procedure of a deduction, step by step (R1-R7): what each step leaves, and what it refuses."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from courtroom import COURT, NEIGHBOUR, Courtroom, open_courtroom, refused, steps, stored
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework import batches, deductions
from casework.procedure import PROCEDURE, Act, Step
from casework.procedure_diagram import draw_procedure
from casework.refusal import Refusal
from casework.transaction import transact
from models.batch import Batch, BatchStatus
from models.code_record import CodePeriod, CodeRecord, Perspective, is_known_today
from models.court import StaffRole
from models.court_case import Role
from models.deduction import Deduction, DeductionStatus, DeductionVersion, FindingKind

# --- the way through --------------------------------------------------------------------------------------------------


async def test_a_deduction_goes_all_the_way(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.published(connection, behaviour="E08", points=6, finding=ruling(room))
    found = await stored(connection, key)
    assert (found.status, found.version, found.points, found.stage) == (DeductionStatus.PUBLISHED, 1, 6, "ENFORCEMENT")
    assert (found.determined_on, found.expires_on) == (date(2026, 3, 2), date(2028, 3, 2))
    assert found.notified_at < found.published_at
    assert len({found.proposed_by, found.reviewed_by, found.decided_by}) == 3
    assert await steps(connection, key) == [
        (1, "PROPOSED", StaffRole.JUDGE),
        (2, "CHIEF_APPROVED", StaffRole.CHIEF),
        (3, "IN_BATCH", StaffRole.CENTRE),
        (4, "PANEL_APPROVED", StaffRole.PANEL),
        (5, "PANEL_APPROVED", StaffRole.CENTRE),
        (6, "PUBLISHED", StaffRole.CENTRE),
    ]


async def test_an_edition_is_kept_from_the_panel_s_vote_on(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.published(connection)
    version = DeductionVersion
    query = sa.select(version.version, version.points, version.expires_on).where(version.deduction_id == key)
    assert (await connection.execute(query)).all() == [(1, 3, date(2027, 3, 2))]


async def test_publication_colours_the_subject(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.published(connection, behaviour="E08", points=6, finding=ruling(room))
    record = (await connection.execute(sa.select(CodeRecord.__table__))).one()
    assert (record.deduction_id, record.colour, record.effective_on) == (key, "YELLOW", date(2026, 3, 2))
    assert record.ends_on == date(2028, 3, 2)
    outside = sa.select(CodePeriod.colour).where(
        CodePeriod.perspective == Perspective.OUTSIDE,
        CodePeriod.during.contains(date(2026, 3, 2)),
        is_known_today(CodePeriod),
    )
    assert (await connection.execute(outside)).scalars().all() == ["YELLOW"]


async def test_a_behaviour_without_code_type_colours_nobody(connection: AsyncConnection, room: Courtroom) -> None:
    await room.published(connection)
    assert (await connection.execute(sa.select(sa.func.count()).select_from(CodeRecord))).scalar_one() == 0


async def test_what_a_sanction_makes_red_the_deduction_does_not_make_yellow(
    connection: AsyncConnection, room: Courtroom
) -> None:
    fine = replace(room.proposal().finding, kind=FindingKind.FINE_DECISION)
    key = await room.published(connection, behaviour="E03", points=9, finding=fine)
    assert (await stored(connection, key)).expires_on == date(2031, 3, 2)
    assert (await connection.execute(sa.select(sa.func.count()).select_from(CodeRecord))).scalar_one() == 0


@pytest.mark.parametrize(
    ("behaviour", "points", "expires"), [("E01", 3, date(2027, 3, 2)), ("E08", 7, date(2028, 3, 2))]
)
async def test_only_the_gravest_acts_are_public_for_five_years(
    connection: AsyncConnection, room: Courtroom, behaviour: str, points: int, expires: date
) -> None:
    """A fine for less makes red by itself; the item has its tier's publicity (R6)."""
    fine = replace(room.proposal().finding, kind=FindingKind.FINE_DECISION)
    key = await room.published(connection, behaviour=behaviour, points=points, finding=fine)
    assert (await stored(connection, key)).expires_on == expires


async def test_what_a_chief_returned_comes_back_as_a_new_version(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.proposed(connection)
    await deductions.send_back(connection, key, 1, room.act(StaffRole.CHIEF))
    await deductions.resubmit(connection, key, room.proposal(points=2), 1, room.act(StaffRole.JUDGE))
    found = await stored(connection, key)
    assert (found.status, found.points, found.version, found.reviewed_by) == (DeductionStatus.PROPOSED, 2, 2, None)
    assert await refused(deductions.approve(connection, key, 1, room.act(StaffRole.CHIEF))) == "STALE_VERSION"
    await deductions.approve(connection, key, 2, room.act(StaffRole.CHIEF))


async def test_a_minor_s_deduction_is_never_public(connection: AsyncConnection, room: Courtroom) -> None:
    await connection.execute(sa.text("UPDATE party SET of_age_from = '2026-02-11'"))
    assert (await stored(connection, await room.published(connection))).publicity.isempty


async def test_a_private_case_s_deduction_is_never_public(connection: AsyncConnection, room: Courtroom) -> None:
    await connection.execute(sa.text("UPDATE court_case SET confidentiality = 'PRIVACY'"))
    assert (await stored(connection, await room.published(connection))).publicity.isempty


def ruling(room: Courtroom) -> Any:
    """A finding that a T2 behaviour may rest on."""
    return replace(room.proposal().finding, kind=FindingKind.RULING)


# --- what a proposal must hold ----------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[Callable[[Courtroom], dict[str, Any]], str]] = {
    "too few points": (lambda room: {"points": 0}, "POINTS_OUT_OF_BAND"),
    "too many points": (lambda room: {"points": 6}, "POINTS_OUT_OF_BAND"),
    "a behaviour that is none": (lambda room: {"behaviour": "E99"}, "UNKNOWN_BEHAVIOUR"),
    "another court's case": (lambda room: {"case_key": room.foreign_case}, "NOT_FOUND"),
    "a case that is none": (lambda room: {"case_key": 999_999}, "NOT_FOUND"),
    "a role that the subject has not": (lambda room: {"role": Role.PLAINTIFF}, "NOT_A_PARTICIPANT"),
    "a subject that is nobody": (lambda room: {"party_key": 999_999}, "NOT_A_PARTICIPANT"),
    "another stage's behaviour": (lambda room: {"behaviour": "T09"}, "WRONG_STAGE"),
    "conduct to come": (lambda room: {"conduct_on": date(2026, 3, 3)}, "BAD_DATE"),
    "found before it happened": (lambda room: {"conduct_on": date(2026, 2, 21)}, "BAD_DATE"),
    "T2 by the court's record alone": (lambda room: {"behaviour": "E08", "points": 6}, "FINDING_REQUIRED"),
    "T3 by a ruling": (lambda room: {"behaviour": "E03", "points": 9, "finding": ruling(room)}, "FINDING_REQUIRED"),
    "no number": (lambda room: {"finding": replace(room.proposal().finding, number=" ")}, "FINDING_REQUIRED"),
    "no hash": (lambda room: {"finding": replace(room.proposal().finding, digest=b"")}, "FINDING_REQUIRED"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_faulty_proposal_is_refused(connection: AsyncConnection, room: Courtroom, fault: str) -> None:
    changes, code = FAULTS[fault]
    assert await refused(room.proposed(connection, **changes(room))) == code
    assert (await connection.execute(sa.select(sa.func.count()).select_from(Deduction))).scalar_one() == 0


async def test_a_resubmission_is_held_to_the_same(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.proposed(connection)
    await deductions.send_back(connection, key, 1, room.act(StaffRole.CHIEF))

    async def again(place: int = 0, **changes: Any) -> str:
        act = room.act(StaffRole.JUDGE, place)
        return await refused(deductions.resubmit(connection, key, room.proposal(**changes), 1, act))

    assert await again(points=6) == "POINTS_OUT_OF_BAND"
    assert await again(party_key=room.parties[1]) == "OTHER_SUBJECT"
    assert await again(place=1) == "NOT_YOURS"


async def test_a_step_without_a_reason_is_refused(connection: AsyncConnection, room: Courtroom) -> None:
    room.said = " "
    assert await refused(room.proposed(connection)) == "REASON_REQUIRED"


# --- who may take which step, and when --------------------------------------------------------------------------------


def test_the_procedure_names_every_state_that_is_stored() -> None:
    reached = {transition.target for transition in PROCEDURE.values()} - {None}
    assert reached == set(DeductionStatus) - {DeductionStatus.EXPIRED}


def test_the_picture_in_the_documentation_is_of_this_procedure() -> None:
    drawn = Path(__file__).parents[2] / "docs" / "procedure.md"
    assert drawn.read_text(encoding="utf-8") == draw_procedure()


Deed = Callable[[AsyncConnection, Courtroom, int, int, Act], Awaitable[Any]]
DEEDS: dict[Step, Deed] = {
    Step.RESUBMIT: lambda c, room, batch, key, act: deductions.resubmit(c, key, room.proposal(), 1, act),
    Step.APPROVE: lambda c, room, batch, key, act: deductions.approve(c, key, 1, act),
    Step.RETURN: lambda c, room, batch, key, act: deductions.send_back(c, key, 1, act),
    Step.COLLECT: lambda c, room, batch, key, act: batches.collect(c, batch, key, 1, act),
    Step.PASS: lambda c, room, batch, key, act: batches.decide(c, key, 1, True, act),
    Step.REJECT: lambda c, room, batch, key, act: batches.decide(c, key, 1, False, act),
    Step.NOTIFY: lambda c, room, batch, key, act: batches.notify(c, key, act),
}
WAYS: dict[DeductionStatus, Callable[[Courtroom, AsyncConnection, int], Awaitable[int]]] = {
    DeductionStatus.PROPOSED: lambda room, c, batch: room.proposed(c),
    DeductionStatus.CHIEF_APPROVED: lambda room, c, batch: room.approved(c),
    DeductionStatus.IN_BATCH: lambda room, c, batch: room.collected(c, batch),
    DeductionStatus.PANEL_APPROVED: lambda room, c, batch: room.notified(c, batch),
}


@pytest.mark.parametrize("step", DEEDS)
@pytest.mark.parametrize("status", WAYS)
async def test_a_step_is_taken_from_its_states_only(
    connection: AsyncConnection, room: Courtroom, status: DeductionStatus, step: Step
) -> None:
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    key = await WAYS[status](room, connection, batch)
    before, act = await stored(connection, key), room.act(PROCEDURE[step].role)
    if status in PROCEDURE[step].sources and (status, step) not in HELD:
        await DEEDS[step](connection, room, batch, key, act)
    else:
        code = HELD.get((status, step), "WRONG_STATE")
        assert await refused(DEEDS[step](connection, room, batch, key, act)) == code
        assert await stored(connection, key) == before


HELD = {
    (DeductionStatus.PANEL_APPROVED, Step.REJECT): "WRONG_STATE",
    (DeductionStatus.PANEL_APPROVED, Step.NOTIFY): "NOTIFIED",
}
"""An approval is rejected after an objection only, and nobody is notified twice."""


@pytest.mark.parametrize("step", [step for step in DEEDS if step is not Step.RESUBMIT])
async def test_a_step_is_taken_by_its_role_only(connection: AsyncConnection, room: Courtroom, step: Step) -> None:
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    key = await WAYS[PROCEDURE[step].sources[0]](room, connection, batch)
    for role in {StaffRole.JUDGE, StaffRole.CHIEF, StaffRole.CENTRE, StaffRole.PANEL} - {PROCEDURE[step].role}:
        code = await refused(DEEDS[step](connection, room, batch, key, room.act(role)))
        assert code == ("NOTIFIED" if step is Step.NOTIFY else "WRONG_ROLE")


@pytest.mark.parametrize("step", DEEDS)
async def test_another_court_s_deduction_is_not_there(connection: AsyncConnection, room: Courtroom, step: Step) -> None:
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    key = await WAYS[DeductionStatus.PROPOSED](room, connection, batch)
    act = room.act(PROCEDURE[step].role, court=NEIGHBOUR)
    assert await refused(DEEDS[step](connection, room, batch, key, act)) == "NOT_FOUND"
    assert await refused(DEEDS[step](connection, room, batch, 999_999, act)) == "NOT_FOUND"


@pytest.mark.parametrize(
    ("step", "status", "first"),
    [
        (Step.APPROVE, DeductionStatus.PROPOSED, StaffRole.JUDGE),
        (Step.PASS, DeductionStatus.IN_BATCH, StaffRole.JUDGE),
        (Step.PASS, DeductionStatus.IN_BATCH, StaffRole.CHIEF),
        (Step.REJECT, DeductionStatus.IN_BATCH, StaffRole.CHIEF),
    ],
)
async def test_nobody_plays_two_parts(
    connection: AsyncConnection, room: Courtroom, step: Step, status: DeductionStatus, first: StaffRole
) -> None:
    """Also who changed their role meanwhile."""
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    key = await WAYS[status](room, connection, batch)
    promoted = replace(room.officer(first), role=PROCEDURE[step].role)
    act = replace(room.act(PROCEDURE[step].role), officer=promoted)
    assert await refused(DEEDS[step](connection, room, batch, key, act)) == "SAME_PERSON"


async def test_the_database_holds_the_three_apart_as_well(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.approved(connection)
    with pytest.raises(IntegrityError, match="three_people"):
        await connection.execute(sa.text("UPDATE deduction SET decided_by = proposed_by WHERE id = :key"), {"key": key})


# --- batches ----------------------------------------------------------------------------------------------------------


async def test_a_month_has_one_batch_in_each_court(connection: AsyncConnection, room: Courtroom) -> None:
    first = await batches.open_batch(connection, date(2026, 3, 2), room.act(StaffRole.CENTRE))
    assert (
        await refused(batches.open_batch(connection, date(2026, 3, 31), room.act(StaffRole.CENTRE))) == "BATCH_EXISTS"
    )
    other = await batches.open_batch(connection, date(2026, 3, 2), room.act(StaffRole.CENTRE, court=NEIGHBOUR))
    rows = (await connection.execute(sa.select(Batch.id, Batch.court_code, Batch.month).order_by(Batch.id))).all()
    assert rows == [(first, COURT, date(2026, 3, 1)), (other, NEIGHBOUR, date(2026, 3, 1))]


async def test_a_month_to_come_has_none(connection: AsyncConnection, room: Courtroom) -> None:
    assert await refused(batches.open_batch(connection, date(2026, 4, 1), room.act(StaffRole.CENTRE))) == "BAD_DATE"


async def test_a_batch_is_decided_when_each_item_is(connection: AsyncConnection, room: Courtroom) -> None:
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    keys = [await room.collected(connection, batch), await room.collected(connection, batch, party_key=room.parties[1])]
    states = []
    for key, passed in zip(keys, (True, False), strict=True):
        await batches.decide(connection, key, 1, passed, room.act(StaffRole.PANEL))
        states.append(await status_of(connection, batch))
    late = await room.approved(connection, points=1, conduct_on=date(2026, 2, 9))
    await batches.collect(connection, batch, late, 1, room.act(StaffRole.CENTRE))
    assert [*states, await status_of(connection, batch)] == [BatchStatus.OPEN, BatchStatus.DECIDED, BatchStatus.OPEN]


async def status_of(connection: AsyncConnection, batch: int) -> BatchStatus:
    """The state of a batch."""
    return (await connection.execute(sa.select(Batch.status).where(Batch.id == batch))).scalar_one()


async def test_a_batch_is_published_all_or_nothing(connection: AsyncConnection, room: Courtroom) -> None:
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    ready = await room.notified(connection, batch)
    waiting = await room.collected(connection, batch, party_key=room.parties[1])
    publish = batches.publish
    assert await refused(publish(connection, batch, room.act(StaffRole.CENTRE))) == "UNDECIDED"
    await batches.decide(connection, waiting, 1, True, room.act(StaffRole.PANEL))
    assert await refused(publish(connection, batch, room.act(StaffRole.CENTRE))) == "NOT_NOTIFIED"
    assert (await stored(connection, ready)).status is DeductionStatus.PANEL_APPROVED
    await batches.notify(connection, waiting, room.act(StaffRole.CENTRE))
    assert await publish(connection, batch, room.act(StaffRole.CENTRE)) == sorted([ready, waiting])
    assert await status_of(connection, batch) is BatchStatus.PUBLISHED


async def test_what_the_panel_rejected_is_not_published(connection: AsyncConnection, room: Courtroom) -> None:
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    key = await room.collected(connection, batch)
    await batches.decide(connection, key, 1, False, room.act(StaffRole.PANEL))
    assert await batches.publish(connection, batch, room.act(StaffRole.CENTRE)) == []
    assert (await stored(connection, key)).status is DeductionStatus.PANEL_REJECTED


async def test_a_published_month_is_closed(connection: AsyncConnection, room: Courtroom) -> None:
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    late = await room.approved(connection)
    await batches.publish(connection, batch, room.act(StaffRole.CENTRE))
    assert await refused(batches.publish(connection, batch, room.act(StaffRole.CENTRE))) == "BATCH_PUBLISHED"
    added = batches.collect(connection, batch, late, 1, room.act(StaffRole.CENTRE))
    assert await refused(added) == "BATCH_PUBLISHED"


async def test_a_notification_in_the_same_moment_is_none_before(connection: AsyncConnection, room: Courtroom) -> None:
    batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
    await room.notified(connection, batch)
    act = room.act(StaffRole.CENTRE)
    at_once = replace(act, at=act.at - timedelta(minutes=1))
    assert await refused(batches.publish(connection, batch, at_once)) == "NOT_NOTIFIED"


async def test_two_who_publish_at_once_publish_once(engine: AsyncEngine) -> None:
    room = await transact(engine, open_courtroom)

    async def waiting(connection: AsyncConnection) -> tuple[int, int]:
        batch = await batches.open_batch(connection, room.month, room.act(StaffRole.CENTRE))
        return batch, await room.notified(connection, batch)

    batch, key = await transact(engine, waiting)
    act = room.act(StaffRole.CENTRE)
    found = await asyncio.gather(
        *(transact(engine, lambda connection: batches.publish(connection, batch, act)) for _ in range(4)),
        return_exceptions=True,
    )
    published = [result for result in found if not isinstance(result, BaseException)]
    refusals = [result.code for result in found if isinstance(result, Refusal)]
    assert (published, refusals) == ([[key]], ["BATCH_PUBLISHED"] * 3)
    taken = await transact(engine, lambda connection: steps(connection, key))
    assert [status for _, status, _ in taken].count("PUBLISHED") == 1
