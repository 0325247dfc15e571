"""Litigation credit as moral points (DOMAIN 5): the court assesses, the head office confirms, the village is told.

Natural persons with a household only. What is withdrawn later is reversed by an entry of its own.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from casework.refusal import Refusal
from models.catalogue import Behaviour, ItemKind, MoralBankItem, Stage
from models.deduction import Deduction
from models.household import Household
from models.party import Party, PartyKind
from models.point_conversion import ConversionStatus, PointConversion, VillageNotice
from models.repair import RepairGround
from models.terms import court_day

STAGE_ITEMS = {Stage.FILING: "MD1", Stage.TRIAL: "MD2", Stage.ENFORCEMENT: "MD3"}
"""The item that a deduction of each stage is converted into."""

REPAIR_ITEMS = {
    RepairGround.FULL_PERFORMANCE: "MR1",
    RepairGround.SETTLEMENT_KEPT: "MR2",
    RepairGround.CO_OPERATION: "MR3",
    RepairGround.REMORSE: "MR4",
    RepairGround.RESTITUTION: "MR5",
}
"""The item that a repair on each ground is converted into."""

HANDLED = (ConversionStatus.CONFIRMED, ConversionStatus.VILLAGE_NOTIFIED)


async def assess_deductions(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Convert deductions published just now: the points, negated."""
    for row in (await connection.execute(_convertible(keys))).all():
        item = await _item(connection, row.version_id, STAGE_ITEMS[row.stage])
        await _enter(connection, row, item.id, -row.points, at)


async def reassess(connection: AsyncConnection, deduction_key: int, at: datetime) -> None:
    """Put right what an amended deduction took: its opposite, and what it takes now."""
    now = (await connection.execute(sa.select(Deduction.points).where(Deduction.id == deduction_key))).scalar_one()
    for entry in await _live(connection, deduction_key, ItemKind.DEDUCT):
        await _enter_opposite(connection, entry, at)
        await _enter(connection, entry, entry.item_id, -now, at)


async def assess_repair(connection: AsyncConnection, key: int, ground: RepairGround, at: datetime) -> None:
    """Convert a granted repair: the share that the item restores of what the deduction took, once."""
    back = sum(entry.points for entry in await _live(connection, key, ItemKind.REPAIR))
    for entry in await _live(connection, key, ItemKind.DEDUCT):
        item = await _item(connection, entry.version_id, REPAIR_ITEMS[ground])
        if (points := restored(-entry.points, item.value) - back) > 0:
            await _enter(connection, entry, item.id, points, at)


def restored(points: int, share: Decimal) -> int:
    """Whole points that come back, never more than the share."""
    return int(points * share)


async def reverse(connection: AsyncConnection, deduction_key: int, at: datetime) -> None:
    """Give back what a withdrawn deduction took: for each conversion that counts, its opposite."""
    for entry in await _live(connection, deduction_key):
        await _enter_opposite(connection, entry, at)


# --- the head office and the villages ---------------------------------------------------------------------------------


async def confirm(connection: AsyncConnection, key: int, at: datetime) -> None:
    """The head office confirms. Confirming again changes nothing. Raises Refusal NOT_FOUND, WRONG_STATE."""
    found = await _locked(connection, key)
    if found.status in HANDLED:
        return
    _check_assessed(found.status)
    await _update(connection, key, status=ConversionStatus.CONFIRMED, confirmed_at=at)


async def send_back(connection: AsyncConnection, key: int, reason: str) -> None:
    """The head office returns a conversion, and says why. Raises Refusal NOT_FOUND, WRONG_STATE, REASON_REQUIRED."""
    found = await _locked(connection, key)
    _check_assessed(found.status)
    if (await connection.execute(sa.select(PointConversion.id).where(PointConversion.reverses_id == key))).first():
        raise Refusal("WRONG_STATE", "The court has reversed this by another entry.", "Confirm both.", "id")
    if not reason.strip():
        raise Refusal("REASON_REQUIRED", "A return says why.", "Write a sentence.", "reason")
    await _update(connection, key, status=ConversionStatus.RETURNED, return_reason=reason.strip())


async def tell_village(connection: AsyncConnection, key: int, at: datetime) -> None:
    """Send the village its notice of a confirmed conversion: category, points and month, and nothing else.

    Raises Refusal NOT_FOUND, WRONG_STATE.
    """
    found = await _locked(connection, key)
    if found.status is not ConversionStatus.CONFIRMED:
        raise Refusal("WRONG_STATE", f"The conversion is {found.status}.", "Only a confirmed one is told.", "id")
    notice = (
        sa.select(PointConversion.id, Household.village_id, MoralBankItem.kind, PointConversion.points)
        .add_columns(PointConversion.month, sa.literal(at, sa.DateTime(timezone=True)))
        .join(Household, Household.id == PointConversion.household_id)
        .join(MoralBankItem, MoralBankItem.id == PointConversion.item_id)
        .where(PointConversion.id == key)
    )
    columns = ["conversion_id", "village_id", "category", "points", "month", "sent_at"]
    await connection.execute(sa.insert(VillageNotice).from_select(columns, notice))
    await _update(connection, key, status=ConversionStatus.VILLAGE_NOTIFIED)


async def acknowledge(connection: AsyncConnection, key: int, village_key: int, at: datetime) -> None:
    """A village acknowledges its notice; again changes nothing. Raises Refusal NOT_FOUND."""
    own = (VillageNotice.id == key, VillageNotice.village_id == village_key)
    first = sa.func.coalesce(VillageNotice.acknowledged_at, sa.literal(at, sa.DateTime(timezone=True)))
    found = await connection.execute(sa.update(VillageNotice).where(*own).values(acknowledged_at=first))
    if not found.rowcount:
        raise Refusal("NOT_FOUND", "There is no such notice for your village.", "Look it up again.", "id")


# --- inside -----------------------------------------------------------------------------------------------------------


def _convertible(keys: Collection[int]) -> sa.Select[Any]:
    """Deductions of persons with a household, of which the world may know (R16)."""
    return (
        sa.select(Deduction.id.label("deduction_id"), Deduction.party_id, Deduction.stage, Deduction.points)
        .add_columns(Party.household_id, Behaviour.version_id)
        .join(Party, Party.id == Deduction.party_id)
        .join(Behaviour, Behaviour.id == Deduction.behaviour_id)
        .where(Deduction.id.in_(keys), Party.kind == PartyKind.PERSON, Party.household_id.is_not(None))
        .where(~sa.func.isempty(Deduction.publicity))
        .order_by(Deduction.id)
    )


async def _item(connection: AsyncConnection, version_key: int, code: str) -> Any:
    query = sa.select(MoralBankItem.id, MoralBankItem.value)
    return (
        await connection.execute(query.where(MoralBankItem.version_id == version_key, MoralBankItem.code == code))
    ).one()


async def _live(connection: AsyncConnection, deduction_key: int, kind: ItemKind | None = None) -> Sequence[Any]:
    """The conversions of a deduction that count, locked: neither returned nor reversed."""
    entry, later = PointConversion, aliased(PointConversion)
    query = (
        sa.select(entry.__table__, MoralBankItem.version_id)
        .join(MoralBankItem, MoralBankItem.id == entry.item_id)
        .where(entry.deduction_id == deduction_key, entry.reverses_id.is_(None))
        .where(entry.status != ConversionStatus.RETURNED)
        .where(~sa.select(later.id).where(later.reverses_id == entry.id).exists())
        .order_by(entry.id)
    )
    if kind is not None:
        query = query.where(MoralBankItem.kind == kind)
    return (await connection.execute(query.with_for_update(of=entry))).all()


async def _enter_opposite(connection: AsyncConnection, entry: Any, at: datetime) -> None:
    await _enter(connection, entry, entry.item_id, -entry.points, at, reverses_id=entry.id)


async def _enter(
    connection: AsyncConnection, of: Any, item_key: int, points: int, at: datetime, reverses_id: int | None = None
) -> None:
    """Enter a conversion for the household and the deduction of a row."""
    values = {
        "party_id": of.party_id,
        "household_id": of.household_id,
        "item_id": item_key,
        "points": points,
        "month": court_day(at).replace(day=1),
        "status": ConversionStatus.COURT_ASSESSED,
        "assessed_at": at,
        "deduction_id": of.deduction_id,
        "reverses_id": reverses_id,
    }
    await connection.execute(sa.insert(PointConversion).values(values))


async def _locked(connection: AsyncConnection, key: int) -> Any:
    query = sa.select(PointConversion.status).where(PointConversion.id == key).with_for_update()
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise Refusal("NOT_FOUND", "There is no such conversion.", "Look it up again.", "id")
    return found


def _check_assessed(status: ConversionStatus) -> None:
    if status is not ConversionStatus.COURT_ASSESSED:
        raise Refusal("WRONG_STATE", f"The conversion is {status} already.", "Read it again.", "id")


async def _update(connection: AsyncConnection, key: int, **values: Any) -> None:
    await connection.execute(sa.update(PointConversion).where(PointConversion.id == key).values(values))
