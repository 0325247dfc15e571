"""What makes and ends a colour beside deductions: sanctions, certificates, and repairs in enforcement (R10-R12)."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from courtroom import COURT, NEIGHBOUR, NOW, RECEIPT, Courtroom, refused
from sqlalchemy.ext.asyncio import AsyncConnection

from casework import certificates, record_repairs, sanctions
from casework.certificates import Performance
from casework.colour import recolour
from casework.repairs import Application, RepairDecision
from casework.sanctions import SanctionDecision
from models.catalogue import CodeType, Colour
from models.code_record import CodePeriod, CodeRecord, is_known_today
from models.court import StaffRole
from models.court_case import CourtCase
from models.event import Event
from models.listing import Listing
from models.repair import Repair, RepairGround, RepairOutcome
from models.sanction import Sanction, SanctionKind

TODAY = date(2026, 3, 2)
SHOWN = Application(RepairGround.SETTLEMENT_KEPT, "按期履行和解协议。", Decimal(0), RECEIPT)


async def colours(connection: AsyncConnection, day: date) -> list[str]:
    """The colour of the only coloured party on a day, as the court and as others see it."""
    query = sa.select(CodePeriod.colour).where(CodePeriod.during.contains(day), is_known_today(CodePeriod))
    found = (await connection.execute(query.order_by(CodePeriod.perspective))).scalars()
    return [colour.value for colour in found] or ["GREEN", "GREEN"]


# --- sanctions --------------------------------------------------------------------------------------------------------


def fine(room: Courtroom, **changes: Any) -> SanctionDecision:
    """A fine of 20,000 that took effect on the first of March."""
    number, decided = f"(2026){COURT}司惩7号", date(2026, 2, 26)
    kind, effective, amount = SanctionKind.FINE, date(2026, 3, 1), Decimal(20_000)
    return replace(SanctionDecision(number, room.case, room.parties[0], kind, decided, effective, amount), **changes)


async def recorded(connection: AsyncConnection, room: Courtroom, **changes: Any) -> int:
    """A sanction that the Centre recorded."""
    return await sanctions.record_sanction(connection, fine(room, **changes), room.act(StaffRole.CENTRE))


async def made(connection: AsyncConnection) -> list[tuple[Any, ...]]:
    """The records there are: type, first day, end."""
    query = sa.select(CodeType.code, CodeRecord.effective_on, CodeRecord.ends_on).order_by(CodeRecord.id)
    rows = await connection.execute(query.join(CodeType, CodeType.id == CodeRecord.code_type_id))
    return [tuple(row) for row in rows.all()]


CONVICTION = {"kind": SanctionKind.CONVICTION, "amount": None, "number": f"(2026){COURT}刑初3号"}
ADMONITION = {"kind": SanctionKind.ADMONITION, "amount": None, "number": f"(2026){COURT}执1号"}
KINDS: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]]]] = {
    "a fine": ({}, [("R03", date(2026, 3, 1), date(2031, 3, 1))]),
    "a detention": (
        {"kind": SanctionKind.DETENTION, "amount": None, "days": 15},
        [("R02", date(2026, 3, 1), date(2031, 3, 1))],
    ),
    "a conviction": (CONVICTION, [("R04", date(2026, 3, 1), date(2031, 3, 1))]),
    "a conviction, from the end of its sentence": (
        CONVICTION | {"sentence_ends_on": date(2027, 6, 30)},
        [("R04", date(2026, 3, 1), date(2032, 6, 30))],
    ),
    "an order to leave": ({"kind": SanctionKind.ORDERED_OUT, "amount": None, "number": f"(2026){COURT}执1号"}, []),
    "an admonition, by its behaviour": (
        ADMONITION | {"behaviour": "T12"},
        [("Y16", date(2026, 3, 1), date(2027, 3, 1))],
    ),
    "a fine of a behaviour": ({"behaviour": "T12"}, [("R03", date(2026, 3, 1), date(2031, 3, 1))]),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_sanction_makes(connection: AsyncConnection, room: Courtroom, kind: str) -> None:
    changes, records = KINDS[kind]
    await recorded(connection, room, **changes)
    assert await made(connection) == records
    colour = {"R": "RED", "Y": "YELLOW"}[records[0][0][0]] if records else "GREEN"
    assert await colours(connection, TODAY) == [colour, colour]


async def test_a_conviction_of_a_trial_is_another_type(connection: AsyncConnection, room: Courtroom) -> None:
    await connection.execute(sa.update(CourtCase).values(stage="TRIAL"))
    await recorded(connection, room, **CONVICTION)
    assert [row[0] for row in await made(connection)] == ["R01"]


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a number that is none": ({"number": "七号"}, "BAD_DECISION_NUMBER"),
    "another court's number": ({"number": f"(2026){NEIGHBOUR}司惩7号"}, "BAD_DECISION_NUMBER"),
    "a fine with a sentence": ({"sentence_ends_on": date(2030, 1, 1)}, "BAD_DATE"),
    "a fine under the case's own number": ({"number": f"(2026){COURT}执1号"}, "BAD_DECISION_NUMBER"),
    "a fine without amount": ({"amount": None}, "BAD_EXTENT"),
    "a fine of nothing": ({"amount": Decimal(0)}, "BAD_EXTENT"),
    "a fine in days": ({"days": 3}, "BAD_EXTENT"),
    "a detention too long": ({"kind": SanctionKind.DETENTION, "amount": None, "days": 16}, "BAD_EXTENT"),
    "in effect before it was decided": ({"effective_on": date(2026, 2, 25)}, "BAD_DATE"),
    "decided tomorrow": ({"decided_on": date(2026, 3, 3), "effective_on": date(2026, 3, 9)}, "BAD_DATE"),
    "somebody who takes no part": ({"party_key": 999_999}, "NOT_A_PARTICIPANT"),
    "an admonition for nothing": (ADMONITION, "BEHAVIOUR_REQUIRED"),
    "an admonition for what there is not": (ADMONITION | {"behaviour": "X99"}, "UNKNOWN_BEHAVIOUR"),
    "a case that is none": ({"case_key": 999_999}, "NOT_FOUND"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_faulty_sanction_is_refused(connection: AsyncConnection, room: Courtroom, fault: str) -> None:
    changes, code = FAULTS[fault]
    assert await refused(recorded(connection, room, **changes)) == code
    assert (await connection.execute(sa.select(Sanction.id))).all() == []


async def test_a_decision_is_recorded_once_and_by_the_centre(connection: AsyncConnection, room: Courtroom) -> None:
    await recorded(connection, room)
    assert await refused(recorded(connection, room)) == "RECORDED"
    judge = room.act(StaffRole.JUDGE)
    assert await refused(sanctions.record_sanction(connection, fine(room), judge)) == "WRONG_ROLE"
    assert len(await made(connection)) == 1


async def test_a_reconsideration_reverses_a_fine(connection: AsyncConnection, room: Courtroom) -> None:
    key = await recorded(connection, room)
    room.now = datetime(2026, 3, 10, 2, tzinfo=UTC)
    await sanctions.revoke_sanction(connection, key, date(2026, 3, 9), room.act(StaffRole.CENTRE))
    assert await colours(connection, date(2026, 3, 5)) == ["GREEN", "GREEN"]
    assert await colours(connection, date(2026, 3, 9)) == ["GREEN", "GREEN"]
    again = sanctions.revoke_sanction(connection, key, date(2026, 3, 9), room.act(StaffRole.CENTRE))
    assert await refused(again) == "REVOKED"


async def test_another_court_s_fine_is_not_there(connection: AsyncConnection, room: Courtroom) -> None:
    key = await recorded(connection, room)
    act = room.act(StaffRole.CENTRE, court=NEIGHBOUR)
    assert await refused(sanctions.revoke_sanction(connection, key, TODAY, act)) == "NOT_FOUND"
    assert await refused(sanctions.record_sanction(connection, fine(room), act)) == "NOT_FOUND"


# --- certificates -----------------------------------------------------------------------------------------------------


async def issued(connection: AsyncConnection, room: Courtroom, **changes: Any) -> int:
    """A certificate for what the first debtor performed in February. Its enforcement is over by then."""
    await connection.execute(sa.update(CourtCase).values(closed_on=date(2026, 2, 27)))
    shown = replace(Performance("甬履证2026001号", room.case, room.parties[0], date(2026, 2, 27)), **changes)
    return await certificates.issue_certificate(connection, shown, room.act(StaffRole.CENTRE))


async def test_a_certificate_makes_gold_for_a_year(connection: AsyncConnection, room: Courtroom) -> None:
    await issued(connection, room)
    assert await made(connection) == [("A01", TODAY, date(2027, 3, 2))]
    assert await colours(connection, TODAY) == ["GOLD", "GOLD"]


async def test_an_open_enforcement_keeps_gold_away(connection: AsyncConnection, room: Courtroom) -> None:
    await issued(connection, room)
    await connection.execute(sa.update(CourtCase).values(closed_on=None))
    await recorded(connection, room, kind=SanctionKind.ORDERED_OUT, amount=None, number=f"(2026){COURT}执1号")
    await recolour(connection, room.parties)
    assert await colours(connection, TODAY) == ["GREEN", "GREEN"]


async def test_red_is_stronger_than_gold(connection: AsyncConnection, room: Courtroom) -> None:
    await issued(connection, room)
    key = await recorded(connection, room)
    assert await colours(connection, TODAY) == ["RED", "RED"]
    await sanctions.revoke_sanction(connection, key, TODAY, room.act(StaffRole.CENTRE))
    assert await colours(connection, TODAY) == ["GOLD", "GOLD"]


async def test_a_revoked_certificate_has_never_been(connection: AsyncConnection, room: Courtroom) -> None:
    key = await issued(connection, room)
    room.now = datetime(2026, 5, 4, 2, tzinfo=UTC)
    await certificates.revoke_certificate(connection, key, room.act(StaffRole.CENTRE))
    assert await colours(connection, date(2026, 4, 1)) == ["GREEN", "GREEN"]
    assert await colours(connection, date(2026, 5, 4)) == ["GREEN", "GREEN"]
    assert await refused(certificates.revoke_certificate(connection, key, room.act(StaffRole.CENTRE))) == "REVOKED"


async def test_a_certificate_s_number_is_its_own(connection: AsyncConnection, room: Courtroom) -> None:
    await issued(connection, room)
    assert await refused(issued(connection, room, party_key=room.parties[1])) == "ISSUED"
    assert await refused(issued(connection, room, performed_on=date(2026, 3, 3))) == "BAD_DATE"
    assert [await refused(issued(connection, room, number=number)) for number in NO_NUMBERS] == ["BAD_NUMBER"] * 3


NO_NUMBERS = (" ", "9" * 101, "330281199003077596")
"""Nothing, too much, and a person's number (R18)."""


# --- repairs in enforcement -------------------------------------------------------------------------------------------


async def listed(connection: AsyncConnection, room: Courtroom, code: str = "Y19") -> int:
    """A yellow record of a type of enforcement, since February, for two years."""
    entry = (await connection.execute(sa.select(CodeType.id, CodeType.colour).where(CodeType.code == code))).one()
    values = {
        "party_id": room.parties[0],
        "code_type_id": entry.id,
        "colour": entry.colour,
        "court_code": COURT,
        "case_id": room.case,
        "effective_on": date(2025, 11, 1),
        "ends_on": date(2027, 11, 1),
    }
    key = (await connection.execute(sa.insert(CodeRecord).values(values).returning(CodeRecord.id))).scalar_one()
    await recolour(connection, [room.parties[0]])
    return int(key)


async def granted(connection: AsyncConnection, room: Courtroom, key: int, decision: RepairDecision) -> None:
    """An application and its decision."""
    at = room.act(StaffRole.PANEL).at
    application = await record_repairs.apply_for_record(connection, room.parties[0], key, SHOWN, at)
    await record_repairs.decide_record_repair(connection, application, decision, room.act(StaffRole.PANEL))


UNTIL_AUTUMN = RepairDecision(RepairOutcome.SHORTENED, date(2026, 10, 1))


async def blue_key(connection: AsyncConnection) -> int:
    """The key of the blue record."""
    return int(
        (await connection.execute(sa.select(CodeRecord.id).where(CodeRecord.colour == Colour.BLUE))).scalar_one()
    )


async def test_a_repair_turns_yellow_blue_until_its_end(connection: AsyncConnection, room: Courtroom) -> None:
    await granted(connection, room, await listed(connection, room), UNTIL_AUTUMN)
    days = [date(2026, 2, 20), TODAY, date(2026, 10, 1), date(2026, 10, 2)]
    assert [(await colours(connection, day))[0] for day in days] == ["YELLOW", "BLUE", "BLUE", "GREEN"]


async def test_a_broken_repair_is_yellow_again(connection: AsyncConnection, room: Courtroom) -> None:
    await granted(connection, room, await listed(connection, room), UNTIL_AUTUMN)
    room.now = datetime(2026, 6, 2, 2, tzinfo=UTC)
    await record_repairs.end_repair(connection, await blue_key(connection), False, room.act(StaffRole.CENTRE))
    days = [date(2026, 6, 1), date(2026, 6, 2), date(2027, 11, 1), date(2027, 11, 2)]
    assert [(await colours(connection, day))[0] for day in days] == ["BLUE", "YELLOW", "YELLOW", "GREEN"]


async def test_what_is_performed_is_green(connection: AsyncConnection, room: Courtroom) -> None:
    await granted(connection, room, await listed(connection, room), UNTIL_AUTUMN)
    room.now = datetime(2026, 6, 2, 2, tzinfo=UTC)
    await record_repairs.end_repair(connection, await blue_key(connection), True, room.act(StaffRole.CENTRE))
    assert await colours(connection, date(2026, 6, 2)) == ["GREEN", "GREEN"]
    ended = record_repairs.end_repair(connection, await blue_key(connection), True, room.act(StaffRole.CENTRE))
    assert await refused(ended) == "NOT_FOUND"


async def test_who_performed_leaves_the_list(connection: AsyncConnection, room: Courtroom) -> None:
    key = await listed(connection, room, "Y18")
    entry = {"kind": "DISHONEST_DEBTOR", "party_id": room.parties[0], "court_code": COURT, "case_id": room.case}
    entry |= dict.fromkeys(("case_number", "basis_number", "basis_unit", "obligation", "performance", "grounds"), "…")
    days = {"listed_on": date(2026, 1, 30), "published_on": date(2026, 2, 1)}
    listing = (await connection.execute(sa.insert(Listing).values(entry | days).returning(Listing.id))).scalar_one()
    await connection.execute(sa.update(CodeRecord).values(listing_id=listing, ends_on=None))
    await granted(connection, room, key, UNTIL_AUTUMN)
    room.now = datetime(2026, 6, 2, 2, tzinfo=UTC)
    await record_repairs.end_repair(connection, await blue_key(connection), True, room.act(StaffRole.CENTRE))
    assert (await connection.execute(sa.select(Listing.removed_on))).scalars().all() == [date(2026, 6, 2)]
    kinds = (await connection.execute(sa.select(Event.kind).order_by(Event.sequence))).scalars().all()
    assert [kind.value for kind in kinds] == ["REPAIR_GRANTED", "COLOUR_CHANGED", "LIST_REMOVED", "COLOUR_CHANGED"]


async def test_of_a_suspicion_nobody_knows(connection: AsyncConnection, room: Courtroom) -> None:
    key = await listed(connection, room, "Y03")
    assert await refused(record_repairs.apply_for_record(connection, room.parties[0], key, SHOWN, NOW)) == "NOT_FOUND"


async def test_a_record_that_has_ended_is_not_repaired(connection: AsyncConnection, room: Courtroom) -> None:
    application = await record_repairs.apply_for_record(
        connection, room.parties[0], await listed(connection, room), SHOWN, room.now
    )
    room.now = datetime(2028, 2, 2, 2, tzinfo=UTC)
    shielded = RepairDecision(RepairOutcome.SHIELDED)
    decided = record_repairs.decide_record_repair(connection, application, shielded, room.act(StaffRole.PANEL))
    assert await refused(decided) == "EXPIRED"


@pytest.mark.parametrize("performed", [True, False])
async def test_a_repair_that_has_run_out_is_not_ended_again(
    connection: AsyncConnection, room: Courtroom, performed: bool
) -> None:
    """Else days that were green would turn yellow afterwards (R14)."""
    await granted(connection, room, await listed(connection, room), UNTIL_AUTUMN)
    key = await blue_key(connection)
    room.now = datetime(2026, 10, 2, 2, tzinfo=UTC)
    assert (
        await refused(record_repairs.end_repair(connection, key, performed, room.act(StaffRole.CENTRE))) == "NOT_FOUND"
    )
    assert await colours(connection, date(2026, 10, 2)) == ["GREEN", "GREEN"]


async def test_other_yellow_is_shortened_and_stays_yellow(connection: AsyncConnection, room: Courtroom) -> None:
    await granted(connection, room, await listed(connection, room, "Y04"), UNTIL_AUTUMN)
    assert [await colours(connection, day) for day in (date(2026, 10, 1), date(2026, 10, 2))] == [
        ["YELLOW"] * 2,
        ["GREEN"] * 2,
    ]


async def test_red_is_never_applied_for(connection: AsyncConnection, room: Courtroom) -> None:
    await recorded(connection, room)
    red = (await connection.execute(sa.select(CodeRecord.id))).scalar_one()
    assert await refused(record_repairs.apply_for_record(connection, room.parties[0], red, SHOWN, NOW)) == "NOT_FOUND"


async def test_a_repair_is_not_granted_over_another(connection: AsyncConnection, room: Courtroom) -> None:
    key = await listed(connection, room)
    await granted(connection, room, key, UNTIL_AUTUMN)
    earlier = RepairDecision(RepairOutcome.SHORTENED, date(2026, 9, 1))
    assert await refused(granted(connection, room, key, earlier)) == "BLUE"
    assert (await made(connection))[0][2] == date(2026, 10, 1)


async def test_a_refusal_and_a_shielding(connection: AsyncConnection, room: Courtroom) -> None:
    key = await listed(connection, room)
    await granted(connection, room, key, RepairDecision(RepairOutcome.REFUSED))
    assert await colours(connection, TODAY) == ["YELLOW", "YELLOW"]
    await granted(connection, room, key, RepairDecision(RepairOutcome.SHIELDED))
    assert await colours(connection, date(2026, 2, 20)) == ["YELLOW", "GREEN"]
    assert (await connection.execute(sa.select(Repair.outcome).order_by(Repair.id))).scalars().all() == [
        RepairOutcome.REFUSED,
        RepairOutcome.SHIELDED,
    ]


@pytest.mark.parametrize(
    ("since", "today", "review"),
    [
        (date(2026, 3, 2), date(2026, 3, 2), date(2026, 6, 2)),
        (date(2026, 3, 2), date(2026, 6, 2), date(2026, 9, 2)),
        (date(2025, 11, 30), date(2026, 2, 27), date(2026, 2, 28)),
        (date(2025, 11, 30), date(2026, 2, 28), date(2026, 5, 30)),
    ],
)
def test_a_repair_is_reviewed_every_three_months(since: date, today: date, review: date) -> None:
    assert record_repairs.find_next_review(since, today) == review
