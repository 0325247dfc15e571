"""Policy profiles of courts: what changes when one begins, to the day, and what a repair ends (R6, R9, R10, R13)."""

from collections.abc import Awaitable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from courtroom import COURT, NEIGHBOUR, RECEIPT, Courtroom, refused, stored
from sqlalchemy.ext.asyncio import AsyncConnection

from casework import objections, repairs
from casework.objections import ObjectionAnswer
from casework.outlooks import foresee
from casework.policy_profiles import declare_profile, find_profile, list_changes
from casework.refusal import Refusal
from casework.repairs import Application, RepairDecision
from casework.terms import bound_end, compute_first_repair, compute_publicity_end
from casework.transparency.tree import fetch_by
from models.catalogue import Tier
from models.code_record import CodePeriod, CodeRecord, Perspective, is_known_today
from models.court import StaffRole
from models.deduction import Deduction, DeductionStatus, DeductionVersion, FindingKind
from models.listing import ListingGrade
from models.objection import ObjectionOutcome
from models.policy_profile import PolicyProfile, ProfileStart, grade_item
from models.repair import Repair, RepairGround, RepairOutcome
from models.terms import add_months

NDRC, LOCAL = PolicyProfile.NDRC_36, PolicyProfile.LOCAL_2021
APRIL = date(2026, 4, 1)
START = ProfileStart(COURT, NDRC, APRIL)
PERFORMED = Application(RepairGround.FULL_PERFORMANCE, "已全部履行，承诺诚信诉讼。", Decimal("1200.00"), RECEIPT)


async def yellow(connection: AsyncConnection, room: Courtroom) -> int:
    """A published deduction of tier T2, determined on 2026-03-02."""
    finding = room.proposal().finding
    changed = type(finding)(FindingKind.RULING, finding.number, finding.issued_on, finding.digest)
    return await room.published(connection, behaviour="E08", points=7, finding=changed)


async def colour(connection: AsyncConnection, day: date) -> str:
    query = sa.select(CodePeriod.colour).where(CodePeriod.during.contains(day), is_known_today(CodePeriod))
    return str((await connection.execute(query.where(CodePeriod.perspective == "OUTSIDE"))).scalar_one_or_none())


async def public_until(connection: AsyncConnection, key: int) -> Any:
    last = sa.select(sa.func.upper(Deduction.publicity) - 1).where(Deduction.id == key)
    return (await connection.execute(last)).scalar_one()


@pytest.mark.parametrize(
    ("tier", "points", "end", "repair"),
    [
        (Tier.T1, 2, date(2026, 8, 31), date(2026, 5, 31)),
        (Tier.T1, 3, date(2027, 5, 31), date(2026, 8, 31)),
        (Tier.T2, 7, date(2027, 5, 31), date(2026, 8, 31)),
        (Tier.T3, 10, date(2029, 5, 31), date(2027, 5, 31)),
    ],
)
def test_a_profile_bounds_publicity_and_repair_by_grade(tier: Tier, points: int, end: date, repair: date) -> None:
    day = date(2026, 5, 31)
    longest = compute_publicity_end(tier, FindingKind.DETENTION_DECISION, day)
    grade = grade_item(tier, points)
    assert bound_end([START], grade, day, longest) == end
    assert bound_end([], grade, day, longest) == longest
    assert compute_first_repair(NDRC, tier, points, day) == repair


async def test_a_preview_changes_nothing_and_a_declaration_what_it_said(
    connection: AsyncConnection, room: Courtroom
) -> None:
    key = await yellow(connection, room)
    assert (await public_until(connection, key), await colour(connection, date(2028, 3, 2))) == (
        date(2028, 3, 2), "YELLOW",
    )  # fmt: skip
    before = await stored(connection, key)
    (change,) = await list_changes(fetch_by(connection), START)
    assert (change.key, change.grade, change.ends_on, change.new_end) == (
        key, ListingGrade.ORDINARY, date(2028, 3, 2), date(2027, 3, 2),
    )  # fmt: skip
    assert await stored(connection, key) == before
    assert await declare_profile(connection, START, room.now) == [change]
    found = await stored(connection, key)
    assert (found.expires_on, found.version) == (date(2027, 3, 2), 2)
    assert await public_until(connection, key) == date(2027, 3, 2)
    assert await colour(connection, date(2027, 3, 2)) == "YELLOW"
    assert await colour(connection, date(2027, 3, 3)) != "YELLOW"
    kept = sa.select(DeductionVersion.version, DeductionVersion.expires_on).order_by(DeductionVersion.version)
    assert (await connection.execute(kept)).all() == [(1, date(2028, 3, 2)), (2, date(2027, 3, 2))]
    assert await list_changes(fetch_by(connection), START) == []


async def test_what_is_over_by_the_profile_ends_the_day_before_it(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.published(connection, points=2)
    start = ProfileStart(COURT, NDRC, date(2026, 9, 1))
    (change,) = await declare_profile(connection, start, room.now)
    assert (change.grade, change.new_end) == (ListingGrade.MINOR, date(2026, 8, 31))
    assert await public_until(connection, key) == date(2026, 8, 31)


async def test_a_profile_is_of_one_court(connection: AsyncConnection, room: Courtroom) -> None:
    await yellow(connection, room)
    assert await declare_profile(connection, ProfileStart(NEIGHBOUR, NDRC, APRIL), room.now) == []
    assert await find_profile(connection, NEIGHBOUR, APRIL) is NDRC
    assert await find_profile(connection, NEIGHBOUR, date(2026, 3, 31)) is LOCAL
    assert await find_profile(connection, COURT, APRIL) is LOCAL


async def test_what_is_determined_under_a_profile_has_its_term(connection: AsyncConnection, room: Courtroom) -> None:
    await declare_profile(connection, START, room.now)
    room.now = datetime(2026, 4, 10, 2, tzinfo=UTC)
    key = await yellow(connection, room)
    assert await public_until(connection, key) == date(2027, 4, 10)


@pytest.mark.parametrize(
    ("starts", "since", "end"),
    [
        ([(NDRC, APRIL)], date(2026, 3, 10), date(2027, 3, 10)),  # determined before it begins: shortened from then on
        ([(NDRC, APRIL)], date(2024, 6, 1), date(2026, 3, 31)),  # over by it: the day before
        ([(NDRC, APRIL)], date(2024, 3, 1), date(2026, 3, 1)),  # over before it begins
        ([(NDRC, APRIL), (LOCAL, date(2026, 6, 1))], date(2026, 7, 1), date(2028, 7, 1)),
        ([(NDRC, APRIL), (LOCAL, date(2026, 6, 1))], date(2026, 5, 1), date(2027, 5, 1)),  # what it ended stays ended
    ],
)
def test_each_profile_shortens_from_its_beginning(
    starts: list[tuple[PolicyProfile, date]], since: date, end: date
) -> None:
    begun = [ProfileStart(COURT, *start) for start in starts]
    assert bound_end(begun, ListingGrade.ORDINARY, since, add_months(since, 24)) == end


async def test_what_is_decided_between_declaration_and_beginning_is_bounded_too(
    connection: AsyncConnection, room: Courtroom
) -> None:
    """Two courts under two profiles: the same item ends on other days."""
    await declare_profile(connection, START, room.now)
    key = await yellow(connection, room)
    assert await public_until(connection, key) == date(2027, 3, 2)


@pytest.mark.parametrize(("answered", "end"), [((4, 20), date(2026, 7, 10)), ((9, 1), date(2026, 9, 1))])
async def test_fewer_points_may_have_a_shorter_term(
    connection: AsyncConnection, room: Courtroom, answered: tuple[int, int], end: date
) -> None:
    """What the panel amends to a minor item is public for three months, and today at the latest if these are over."""
    await declare_profile(connection, START, room.now)
    room.now = datetime(2026, 4, 10, 2, tzinfo=UTC)
    key = await room.published(connection, points=3)
    assert await public_until(connection, key) == date(2027, 4, 10)
    room.now = datetime(2026, *answered, 2, tzinfo=UTC)
    objection = await objections.file_objection(connection, room.parties[0], key, "情节较轻。", room.now)
    amended = ObjectionAnswer(ObjectionOutcome.AMENDED, 2)
    await objections.answer_objection(connection, objection, amended, room.act(StaffRole.PANEL, 1))
    kept = sa.select(DeductionVersion.points, DeductionVersion.expires_on).where(DeductionVersion.deduction_id == key)
    assert (await connection.execute(kept.order_by(DeductionVersion.version))).all() == [
        (3, date(2027, 4, 10)),
        (2, end),
    ]
    assert await public_until(connection, key) == end


async def test_two_courts_under_two_profiles_differ_in_term_and_repair(
    connection: AsyncConnection, room: Courtroom
) -> None:
    key = await yellow(connection, room)  # under LOCAL_2021
    longest = await public_until(connection, key)
    application = Application(RepairGround.REMORSE, "承诺。", Decimal(0))
    for day, code in ((date(2026, 8, 1), "TOO_EARLY"), (date(2026, 9, 2), None)):
        at = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
        assert await refusal(repairs.apply(connection, room.parties[0], key, application, at)) == code
        await connection.execute(sa.delete(Repair))
    await declare_profile(connection, START, room.now)  # NDRC_36: half the term, half the wait
    assert (longest, await public_until(connection, key)) == (date(2028, 3, 2), date(2027, 3, 2))
    for day, code in ((date(2026, 6, 1), "TOO_EARLY"), (date(2026, 6, 2), None)):
        at = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
        assert await refusal(repairs.apply(connection, room.parties[0], key, application, at)) == code
    fetch = fetch_by(connection)
    record = (await connection.execute(sa.select(CodeRecord.id).where(CodeRecord.deduction_id == key))).scalar_one()
    told = [
        (await foresee(fetch, room.parties[0], Perspective.OUTSIDE, [record], day)).effects[0].repair_from
        for day in (date(2026, 3, 31), date(2026, 4, 1))
    ]
    assert told == [date(2026, 9, 2), date(2026, 6, 2)]


async def refusal(awaited: Awaitable[Any]) -> str | None:
    """The code of what refuses, None if nothing does."""
    try:
        await awaited
    except Refusal as error:
        return error.code
    return None


async def test_a_full_performance_ends_an_item_at_once(connection: AsyncConnection, room: Courtroom) -> None:
    """Minor items may be repaired as soon as they are performed; a term is not shortened but ended (NDRC Order 36)."""
    await declare_profile(connection, START, room.now)
    room.now = datetime(2026, 4, 10, 2, tzinfo=UTC)
    key = await room.published(connection, points=2)
    repair = await repairs.apply(connection, room.parties[0], key, PERFORMED, room.act(StaffRole.PANEL).at)
    shorter = RepairDecision(RepairOutcome.SHORTENED, date(2026, 5, 1))
    assert (
        await refused(repairs.decide_repair(connection, repair, shorter, room.act(StaffRole.PANEL))) == "NOT_ELIGIBLE"
    )
    shielded = RepairDecision(RepairOutcome.SHIELDED)
    await repairs.decide_repair(connection, repair, shielded, room.act(StaffRole.PANEL))
    assert (await stored(connection, key)).status is DeductionStatus.SHIELDED
    assert await public_until(connection, key) is None


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (ProfileStart("浙9999", NDRC, APRIL), "NOT_FOUND"),
        (ProfileStart(COURT, NDRC, date(2026, 3, 31)), "BAD_DATE"),
        (ProfileStart(COURT, LOCAL, date(2026, 3, 2)), "BAD_DATE"),
    ],
)
async def test_a_profile_begins_on_a_day_to_come_and_not_before_the_law(
    connection: AsyncConnection, room: Courtroom, start: ProfileStart, code: str
) -> None:
    assert await refused(declare_profile(connection, start, room.now)) == code


async def test_one_profile_after_the_other(connection: AsyncConnection, room: Courtroom) -> None:
    await declare_profile(connection, START, room.now)
    assert await refused(declare_profile(connection, START, room.now)) == "BAD_DATE"
    await declare_profile(connection, ProfileStart(COURT, LOCAL, date(2026, 6, 1)), room.now)
    assert await find_profile(connection, COURT, date(2026, 5, 31)) is NDRC
    assert await find_profile(connection, COURT, date(2026, 6, 1)) is LOCAL
