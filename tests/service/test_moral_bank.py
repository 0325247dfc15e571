"""The moral bank (DOMAIN 5): what the court assesses, the head office confirms, and the village is told."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from courtroom import RECEIPT, Courtroom, open_courtroom, refused
from sqlalchemy.ext.asyncio import AsyncConnection

from casework import conversions, objections, repairs
from casework.conversions import reverse
from casework.objections import ObjectionAnswer
from casework.repairs import Application, RepairDecision
from models.catalogue import MoralBankItem
from models.court import StaffRole
from models.household import Household, Village
from models.objection import ObjectionOutcome
from models.party import Party
from models.point_conversion import ConversionStatus, PointConversion, VillageNotice
from models.repair import RepairGround, RepairOutcome

AT = datetime(2026, 3, 9, 4, tzinfo=UTC)


@pytest.fixture
async def room(connection: AsyncConnection) -> Courtroom:
    """The first debtor belongs to a household, the second does not."""
    room = await open_courtroom(connection)
    village = await _added(connection, Village, name="梨洲街道竹山村")
    household = await _added(connection, Household, key="H-1", village_id=village)
    await connection.execute(sa.update(Party).where(Party.id == room.parties[0]).values(household_id=household))
    return room


async def _added(connection: AsyncConnection, table: Any, **values: Any) -> int:
    return int((await connection.execute(sa.insert(table).values(values).returning(table.id))).scalar_one())


async def entries(connection: AsyncConnection) -> list[tuple[str, int, date, str, bool]]:
    """The conversions: item, points, month, status, and whether it reverses another."""
    entry = PointConversion
    query = sa.select(MoralBankItem.code, entry.points, entry.month, entry.status, entry.reverses_id.is_not(None))
    joined = query.join(MoralBankItem, MoralBankItem.id == entry.item_id).order_by(entry.id)
    return [(row[0], row[1], row[2], row[3].value, row[4]) for row in (await connection.execute(joined)).all()]


ASSESSED = ("MD3", -3, date(2026, 3, 1), "COURT_ASSESSED", False)


async def test_publication_takes_the_household_s_points(connection: AsyncConnection, room: Courtroom) -> None:
    await room.published(connection)
    assert await entries(connection) == [ASSESSED]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE party SET household_id = NULL",
        "UPDATE party SET kind = 'ORGANIZATION'",
        "UPDATE party SET of_age_from = '2026-02-11'",
    ],
)
async def test_who_has_no_points_loses_none(connection: AsyncConnection, room: Courtroom, change: str) -> None:
    await connection.execute(sa.text(change))
    await room.published(connection)
    assert await entries(connection) == []


async def test_a_withdrawal_is_reversed_by_an_entry_of_its_own(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.published(connection)
    room.now = datetime(2026, 4, 9, 4, tzinfo=UTC)
    objection = await objections.file_objection(connection, room.parties[0], key, "已履行。", room.now)
    withdrawn = ObjectionAnswer(ObjectionOutcome.WITHDRAWN)
    await objections.answer_objection(connection, objection, withdrawn, room.act(StaffRole.PANEL, 1))
    assert await entries(connection) == [ASSESSED, ("MD3", 3, date(2026, 4, 1), "COURT_ASSESSED", True)]
    await reverse(connection, PointConversion.deduction_id, [key], room.now)
    assert len(await entries(connection)) == 2


async def test_what_was_returned_is_not_reversed(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.published(connection)
    await conversions.send_back(connection, await only(connection), "已迁出本村。")
    await reverse(connection, PointConversion.deduction_id, [key], AT)
    assert [entry[3] for entry in await entries(connection)] == ["RETURNED"]


@pytest.mark.parametrize(
    ("ground", "item", "points"), [(RepairGround.FULL_PERFORMANCE, "MR1", 3), (RepairGround.REMORSE, "MR4", 1)]
)
async def test_a_repair_restores_all_or_half(
    connection: AsyncConnection, room: Courtroom, ground: RepairGround, item: str, points: int
) -> None:
    """Half of three points is one: never more than the share."""
    key = await room.published(connection)
    room.now = datetime(2026, 9, 9, 4, tzinfo=UTC)
    shown = Application(ground, "承诺诚信诉讼。", Decimal(1), RECEIPT)
    repair = await repairs.apply(connection, room.parties[0], key, shown, room.now)
    await repairs.decide_repair(connection, repair, RepairDecision(RepairOutcome.SHIELDED), room.act(StaffRole.PANEL))
    assert await entries(connection) == [ASSESSED, (item, points, date(2026, 9, 1), "COURT_ASSESSED", False)]


async def test_an_amendment_takes_what_it_says_now(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.published(connection)
    objection = await objections.file_objection(connection, room.parties[0], key, "情节较轻。", room.now)
    amended = ObjectionAnswer(ObjectionOutcome.AMENDED, 1)
    await objections.answer_objection(connection, objection, amended, room.act(StaffRole.PANEL, 1))
    assert [entry[1:2] + entry[4:] for entry in await entries(connection)] == [(-3, False), (3, True), (-1, False)]


async def repaired(connection: AsyncConnection, room: Courtroom, key: int, decision: RepairDecision) -> None:
    """A full performance, with the panel's decision."""
    shown = Application(RepairGround.FULL_PERFORMANCE, "承诺诚信诉讼。", Decimal(1), RECEIPT)
    repair = await repairs.apply(connection, room.parties[0], key, shown, room.now)
    await repairs.decide_repair(connection, repair, decision, room.act(StaffRole.PANEL))


async def test_points_come_back_once(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.published(connection)
    room.now = datetime(2026, 9, 9, 4, tzinfo=UTC)
    await repaired(connection, room, key, RepairDecision(RepairOutcome.SHORTENED, date(2026, 12, 1)))
    await repaired(connection, room, key, RepairDecision(RepairOutcome.SHIELDED))
    assert [entry[:2] for entry in await entries(connection)] == [("MD3", -3), ("MR1", 3)]


async def test_nothing_comes_back_that_was_not_taken(connection: AsyncConnection, room: Courtroom) -> None:
    key = await room.published(connection)
    await conversions.send_back(connection, await only(connection), "已迁出本村。")
    room.now = datetime(2026, 9, 9, 4, tzinfo=UTC)
    await repaired(connection, room, key, RepairDecision(RepairOutcome.SHIELDED))
    assert len(await entries(connection)) == 1


async def test_what_the_court_reversed_is_not_returned(connection: AsyncConnection, room: Courtroom) -> None:
    """Else the household would get points for nothing."""
    key = await room.published(connection)
    first = await only(connection)
    await reverse(connection, PointConversion.deduction_id, [key], AT)
    assert await refused(conversions.send_back(connection, first, "户号有误。")) == "WRONG_STATE"


# --- the head office --------------------------------------------------------------------------------------------------


async def only(connection: AsyncConnection) -> int:
    """The key of the one conversion there is."""
    return int((await connection.execute(sa.select(PointConversion.id))).scalar_one())


async def test_the_head_office_confirms_once(connection: AsyncConnection, room: Courtroom) -> None:
    await room.published(connection)
    key = await only(connection)
    await conversions.confirm(connection, key, AT)
    await conversions.confirm(connection, key, AT + timedelta(days=1))
    found = (await connection.execute(sa.select(PointConversion.status, PointConversion.confirmed_at))).one()
    assert found == (ConversionStatus.CONFIRMED, AT)
    assert await refused(conversions.send_back(connection, key, "户号有误。")) == "WRONG_STATE"


async def test_a_return_says_why_and_is_final(connection: AsyncConnection, room: Courtroom) -> None:
    await room.published(connection)
    key = await only(connection)
    assert await refused(conversions.send_back(connection, key, " ")) == "REASON_REQUIRED"
    await conversions.send_back(connection, key, "已迁出本村。 ")
    found = (await connection.execute(sa.select(PointConversion.status, PointConversion.return_reason))).one()
    assert found == (ConversionStatus.RETURNED, "已迁出本村。")
    assert await refused(conversions.confirm(connection, key, AT)) == "WRONG_STATE"


async def test_what_does_not_exist_is_not_confirmed(connection: AsyncConnection, room: Courtroom) -> None:
    assert await refused(conversions.confirm(connection, 999_999, AT)) == "NOT_FOUND"


# --- the village ------------------------------------------------------------------------------------------------------


async def test_the_village_is_told_after_the_confirmation_and_nothing_of_the_case(
    connection: AsyncConnection, room: Courtroom
) -> None:
    await room.published(connection)
    key = await only(connection)
    assert await refused(conversions.tell_village(connection, key, AT)) == "WRONG_STATE"
    await conversions.confirm(connection, key, AT)
    await conversions.tell_village(connection, key, AT)
    notice = (await connection.execute(sa.select(VillageNotice.__table__))).one()
    assert (notice.category, notice.points, notice.month, notice.sent_at) == ("DEDUCT", -3, date(2026, 3, 1), AT)
    assert await refused(conversions.tell_village(connection, key, AT)) == "WRONG_STATE"


async def test_a_village_acknowledges_its_own_notice_once(connection: AsyncConnection, room: Courtroom) -> None:
    await room.published(connection)
    key = await only(connection)
    await conversions.confirm(connection, key, AT)
    await conversions.tell_village(connection, key, AT)
    notice = (await connection.execute(sa.select(VillageNotice.id, VillageNotice.village_id))).one()
    other = conversions.acknowledge(connection, notice.id, notice.village_id + 1, AT)
    assert await refused(other) == "NOT_FOUND"
    for day in (1, 2):
        await conversions.acknowledge(connection, notice.id, notice.village_id, AT + timedelta(days=day))
    acknowledged = (await connection.execute(sa.select(VillageNotice.acknowledged_at))).scalar_one()
    assert acknowledged == AT + timedelta(days=1)
