"""Rows of the officer's court, and rows that a unique constraint admits once."""

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.officer import Officer
from casework.refusal import Refusal, refuse_missing
from languages.sentence import say


async def find_own(
    connection: AsyncConnection, query: sa.Select[*tuple[Any, ...]], officer: Officer, what: str
) -> sa.Row[Any]:
    """Return the row of a query that selects `court_code`. Raises Refusal NOT_FOUND for another court's row (R20)."""
    found: sa.Row[Any] = require_own((await connection.execute(query)).one_or_none(), officer, what)
    return found


def require_own(found: Any, officer: Officer, what: str) -> Any:
    """Return a row with a `court_code`, if there is one. Raises Refusal NOT_FOUND for another court's row (R20)."""
    if found is None or found.court_code != officer.court_code:
        raise refuse_missing(say("{what} in your court", what=say(what)))
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
