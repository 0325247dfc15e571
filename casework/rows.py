"""Rows of the officer's court, and rows that a unique constraint admits once."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.officer import Officer
from casework.refusal import Refusal, refuse_missing


async def find_own(
    connection: AsyncConnection,
    query: sa.Select[*tuple[Any, ...]],
    officer: Officer,
    what: str,
    values: Mapping[str, Any] | None = None,
) -> sa.Row[Any]:
    """Return the row of a query that selects `court_code`. Raises Refusal NOT_FOUND for another court's row (R20)."""
    found: sa.Row[Any] | None = (await connection.execute(query, values)).one_or_none()
    if found is None or found.court_code != officer.court_code:
        raise refuse_missing(f"{what} in your court")
    return found


@cache
def _insert_once(model: Any) -> Any:
    return insert(model.__table__).on_conflict_do_nothing().returning(model.__table__.c.id)


async def insert_new(connection: AsyncConnection, model: Any, values: Any, refusal: Refusal) -> int:
    """Insert a row and return its key. Raises `refusal` if the row conflicts with an existing one."""
    key: int | None = (await connection.execute(_insert_once(model), values)).scalar_one_or_none()
    if key is None:
        raise refusal
    return key
