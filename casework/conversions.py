"""Entries of conversions (DOMAIN 5): assessed by the court, confirmed by the head office, notified to the village.

An entry is never changed; a withdrawal is entered as a reversal.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from casework.refusal import Refusal, refuse_missing
from languages.sentence import say
from models.catalogue import ItemKind, MoralBankItem
from models.household import Household
from models.point_conversion import ConversionStatus, PointConversion, VillageNotice
from models.terms import to_court_day

HANDLED = (ConversionStatus.CONFIRMED, ConversionStatus.VILLAGE_NOTIFIED)


async def confirm(connection: AsyncConnection, key: int, at: datetime) -> None:
    """Confirm a conversion for the head office. Idempotent. Raises Refusal NOT_FOUND, WRONG_STATE."""
    found = await _lock(connection, key)
    if found.status in HANDLED:
        return
    _check_assessed(found.status)
    await _update(connection, key, status=ConversionStatus.CONFIRMED, confirmed_at=at)


async def send_back(connection: AsyncConnection, key: int, reason: str) -> None:
    """Return a conversion to the court with a reason. Raises Refusal NOT_FOUND, WRONG_STATE, REASON_REQUIRED."""
    found = await _lock(connection, key)
    _check_assessed(found.status)
    if (await connection.execute(sa.select(PointConversion.id).where(PointConversion.reverses_id == key))).first():
        raise Refusal("WRONG_STATE", "The court has reversed this by another entry.", "Confirm both.", "id")
    if not reason.strip():
        raise Refusal("REASON_REQUIRED", "A return says why.", "Write a sentence.", "reason")
    await _update(connection, key, status=ConversionStatus.RETURNED, return_reason=reason.strip())


async def tell_village(connection: AsyncConnection, key: int, at: datetime) -> None:
    """Send the village a notice of a confirmed conversion: category, points and month only.

    Raises Refusal NOT_FOUND, WRONG_STATE.
    """
    found = await _lock(connection, key)
    if found.status is not ConversionStatus.CONFIRMED:
        raise Refusal(
            "WRONG_STATE",
            say("The conversion is {status}.", status=found.status),
            "Only a confirmed one is told.",
            "id",
        )
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
    """Record that a village has acknowledged its notice. Idempotent. Raises Refusal NOT_FOUND."""
    own = (VillageNotice.id == key, VillageNotice.village_id == village_key)
    first = sa.func.coalesce(VillageNotice.acknowledged_at, sa.literal(at, sa.DateTime(timezone=True)))
    found = await connection.execute(sa.update(VillageNotice).where(*own).values(acknowledged_at=first))
    if not found.rowcount:
        raise refuse_missing("notice for your village")


async def enter(connection: AsyncConnection, arising: sa.Select[Any], source: str, at: datetime) -> None:
    """Insert conversions from a query of party, household, item, points and source. source: the name of its column."""
    columns = ["party_id", "household_id", "item_id", "points", source]
    types = PointConversion.__table__.c
    given = arising.add_columns(*(sa.literal(value, types[name].type) for name, value in _assessed(at).items()))
    await connection.execute(sa.insert(PointConversion).from_select([*columns, *_assessed(at)], given))


async def enter_rows(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Insert conversions, given by column."""
    if rows:
        await connection.execute(sa.insert(PointConversion), [{**row, **_assessed(at)} for row in rows])


async def enter_opposites(connection: AsyncConnection, entries: Sequence[Any], at: datetime) -> None:
    """Insert a reversal of each entry."""
    names = ("party_id", "household_id", "item_id", "deduction_id", "code_record_id", "settlement_id", "listing_id")
    rows = [
        {name: getattr(entry, name) for name in names} | {"points": -entry.points, "reverses_id": entry.id}
        for entry in entries
    ]
    await enter_rows(connection, rows, at)


def _assessed(at: datetime) -> Mapping[str, Any]:
    """The columns that all new entries share."""
    month = to_court_day(at).replace(day=1)
    return {"month": month, "status": ConversionStatus.COURT_ASSESSED, "assessed_at": at}


async def reverse(
    connection: AsyncConnection, source: Any, keys: Collection[int], at: datetime, kind: ItemKind | None = None
) -> None:
    """Reverse the live entries of sources. source: the column that holds `keys`. kind: only entries of this kind."""
    await enter_opposites(connection, await lock_live_entries(connection, source, keys, kind), at)


def is_live(entry: Any) -> sa.ColumnElement[bool]:
    """Test whether an entry counts: it is no reversal, and neither returned nor reversed."""
    later = aliased(PointConversion)
    is_reversed = sa.select(later.id).where(later.reverses_id == entry.id).exists()
    return sa.and_(entry.reverses_id.is_(None), entry.status != ConversionStatus.RETURNED, ~is_reversed)


async def lock_live_entries(
    connection: AsyncConnection, source: Any, keys: Collection[int], kind: ItemKind | None = None
) -> Sequence[Any]:
    """Lock and return the live entries of sources, with the kind and edition of their items."""
    entry = PointConversion
    query = (
        sa.select(entry.__table__, MoralBankItem.kind, MoralBankItem.version_id)
        .join(MoralBankItem, MoralBankItem.id == entry.item_id)
        .where(source.in_(keys), is_live(entry))
        .order_by(entry.id)
    )
    if kind is not None:
        query = query.where(MoralBankItem.kind == kind)
    return (await connection.execute(query.with_for_update(of=entry))).all()


async def _lock(connection: AsyncConnection, key: int) -> Any:
    query = sa.select(PointConversion.status).where(PointConversion.id == key).with_for_update()
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise refuse_missing("conversion")
    return found


def _check_assessed(status: ConversionStatus) -> None:
    if status is not ConversionStatus.COURT_ASSESSED:
        raise Refusal("WRONG_STATE", say("The conversion is {status} already.", status=status), "Read it again.", "id")


async def _update(connection: AsyncConnection, key: int, **values: Any) -> None:
    await connection.execute(sa.update(PointConversion).where(PointConversion.id == key).values(values))
