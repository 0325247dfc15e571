"""The edition of the catalogue in force on a day."""

from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.refusal import Refusal
from languages.sentence import say
from models.case_numbers import admit_case_types
from models.catalogue import Behaviour, CaseType, CatalogueVersion, CodeType
from postgres.kept_statements import KeptStatement


def is_in_force(day: Any) -> sa.ColumnElement[bool]:
    """Test whether an edition is in force on a day. At most one is."""
    ends = CatalogueVersion.effective_to
    return sa.and_(CatalogueVersion.effective_from <= day, sa.or_(ends.is_(None), ends > day))


async def read_case_types(connection: AsyncConnection) -> None:
    """Load the case types that the court added, so that this process can parse their case numbers."""
    found = await connection.execute(sa.select(CaseType.characters, CaseType.stage))
    admit_case_types({row.characters: row.stage for row in found})


async def find_behaviour(connection: AsyncConnection, code: str, day: date) -> Any:
    """Return the behaviour of a code. Raises Refusal UNKNOWN_BEHAVIOUR."""
    found = await _find(connection, Behaviour, code, day)
    if found is None:
        message = "The catalogue in force has no such behaviour."
        raise Refusal("UNKNOWN_BEHAVIOUR", message, "Choose one of `behaviours`.", "behaviour")
    return found


async def find_code_type(connection: AsyncConnection, code: str, day: date) -> Any:
    """Return the code type of a code. Raises Refusal CATALOGUE if the edition in force lacks it."""
    found = await _find(connection, CodeType, code, day)
    if found is None:
        message = say("The catalogue in force on {day} has no code type {code}.", day=day, code=code)
        raise Refusal("CATALOGUE", message, "Have the operator load one that has: suxin catalogue load.")
    return found


async def _find(connection: AsyncConnection, model: Any, code: str, day: date) -> Any:
    return await _select_entry(model).fetch_row(connection, {"code": code, "day": day})


@cache
def _select_entry(model: Any) -> KeptStatement:
    """Select the entry of a code in the edition in force on a day."""
    code, day = sa.bindparam("code", type_=sa.Text), sa.bindparam("day", type_=sa.Date)
    query = sa.select(model.__table__).join(CatalogueVersion, CatalogueVersion.id == model.version_id)
    return KeptStatement(lambda: query.where(model.code == code, is_in_force(day)))
