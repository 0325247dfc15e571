"""Building blocks of relations and predicates: joins by one column, existence, and dates of validity."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

from engine.declare.relations import Frame, Order, Relation
from engine.declare.sql import ROW_BY_ROW, SQL

KEY = sa.BigInteger()


def join(
    target: type, column: str, parent: str = "id", type_: TypeEngine[Any] = KEY, *, many: bool = False, **orders: Order
) -> Relation:
    """Return the relation from a row to the rows of `target` whose `column` equals the row's `parent`.

    type_: of both columns. orders: of a list, by name.
    """
    named: Mapping[str, Order] = orders or {"KEY": Order(())}
    return Relation(
        target=target,
        on=lambda row, other: getattr(other, column) == getattr(row, parent),
        keys={parent: type_},
        many=many,
        orders=named,
    )


def look_up(model: Any, column: str, key: str) -> Callable[[Frame], SQL]:
    """Return an expression: the `column` of the row of `model` whose id is in the row's `key`."""

    def build(row: Frame) -> SQL:
        other = aliased(model)
        return sa.select(getattr(other, column)).where(other.id == getattr(row, key)).scalar_subquery()

    return build


def exists(row: Any, *conditions: Any) -> SQL:
    """Return whether a row of an alias meets the conditions; evaluated for each outer row."""
    return sa.select(row.id).where(*conditions).offset(ROW_BY_ROW).exists()


def is_in_force(edition: Any, day: SQL) -> SQL:
    """Return whether an edition of the catalogue is in force on a day."""
    return sa.and_(edition.effective_from <= day, sa.or_(edition.effective_to.is_(None), edition.effective_to > day))


def has_not_ended(record: Any, day: SQL) -> SQL:
    """Return whether a code record that has begun still runs on a day."""
    return sa.and_(
        sa.or_(record.ends_on.is_(None), record.ends_on >= day),
        sa.or_(record.closed_on.is_(None), record.closed_on > day),
    )
