"""Conversions of granted repairs: they restore all or half of a deduction, or lift a veto."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.assessments import assess_records, reverse_records
from casework.conversions import enter_opposites, enter_rows, lock_live_entries
from casework.keys import bind_keys
from models.catalogue import ItemKind, MoralBankItem
from models.point_conversion import PointConversion
from models.repair import Repair, RepairGround, RepairOutcome

REPAIR_ITEMS = {
    RepairGround.FULL_PERFORMANCE: "MR1",
    RepairGround.SETTLEMENT_KEPT: "MR2",
    RepairGround.CO_OPERATION: "MR3",
    RepairGround.REMORSE: "MR4",
    RepairGround.RESTITUTION: "MR5",
}
"""The item of a repair, by ground."""


async def restore_deductions(connection: AsyncConnection, repaired: Mapping[int, RepairGround], at: datetime) -> None:
    """Convert granted repairs of deductions, by key: the item's share of the points taken, once."""
    entries = await lock_live_entries(connection, PointConversion.deduction_id, repaired)
    back: dict[int, int] = {}
    for entry in entries:
        if entry.kind is ItemKind.REPAIR:
            back[entry.deduction_id] = back.get(entry.deduction_id, 0) + entry.points
    taken = [entry for entry in entries if entry.kind is ItemKind.DEDUCT]
    items = await _items(connection, {entry.version_id for entry in taken})
    rows = []
    for entry in taken:
        item = items.get((entry.version_id, REPAIR_ITEMS[repaired[entry.deduction_id]]))
        if item and (points := compute_restored(-entry.points, item.value) - back.get(entry.deduction_id, 0)) > 0:
            rows.append(_row(entry, item, points))
    await enter_rows(connection, rows, at)


async def restore_repaired(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Convert the granted repairs of these deductions that are not converted yet."""
    granted = sa.and_(Repair.deduction_id == sa.any_(bind_keys(keys)), Repair.outcome != RepairOutcome.REFUSED)
    query = sa.select(Repair.deduction_id, Repair.ground).where(granted).order_by(Repair.decided_at, Repair.id)
    repaired = {row.deduction_id: row.ground for row in await connection.execute(query)}
    if repaired:
        await restore_deductions(connection, repaired, at)


async def restore_records(connection: AsyncConnection, repaired: Mapping[int, RepairGround], at: datetime) -> None:
    """Convert granted repairs of code records with a veto, by key.

    A veto and its repair have no points. MR1 lifts the veto at once, other grounds when the record ends.
    """
    entries = await lock_live_entries(connection, PointConversion.code_record_id, repaired, ItemKind.VETO)
    items = await _items(connection, {entry.version_id for entry in entries})
    rows = []
    for entry in entries:
        item = items.get((entry.version_id, REPAIR_ITEMS[repaired[entry.code_record_id]]))
        rows += [_row(entry, item, 0)] if item else []
    await enter_rows(connection, rows, at)
    lifted = [one for one in entries if repaired[one.code_record_id] is RepairGround.FULL_PERFORMANCE]
    await enter_opposites(connection, lifted, at)
    await reverse_records(connection, list(repaired), at)


async def break_repairs(connection: AsyncConnection, keys: Collection[int], at: datetime) -> None:
    """Reverse the conversions of broken repairs of records; their vetoes are assessed again."""
    entries = await lock_live_entries(connection, PointConversion.code_record_id, keys, ItemKind.REPAIR)
    await enter_opposites(connection, entries, at)
    await assess_records(connection, keys, at)


def compute_restored(points: int, share: Decimal) -> int:
    """Return the share of points, rounded down."""
    return int(points * share)


def _row(entry: Any, item: Any, points: int) -> dict[str, Any]:
    sources = ("party_id", "household_id", "deduction_id", "code_record_id", "settlement_id", "listing_id")
    return {name: getattr(entry, name) for name in sources} | {"item_id": item.id, "points": points}


async def _items(connection: AsyncConnection, versions: Collection[int]) -> dict[tuple[int, str], Any]:
    """Return the repair items of editions, by edition and code."""
    query = sa.select(MoralBankItem.id, MoralBankItem.version_id, MoralBankItem.code, MoralBankItem.value)
    found = await connection.execute(
        query.where(MoralBankItem.version_id.in_(versions), MoralBankItem.kind == ItemKind.REPAIR)
    )
    return {(row.version_id, row.code): row for row in found}
