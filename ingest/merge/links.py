"""Link sanctions, listings and certificates that were imported before their case.

Triggers link them when the case is inserted. Rows of concurrent imports are linked by the import that ends last.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import find_visible, follow
from casework.matters import CERTIFICATES, LISTINGS, SANCTIONS, Matter
from models.court_case import CourtCase

UNTIED = {SANCTIONS: "related_number", LISTINGS: "case_number", CERTIFICATES: "case_number"}
"""The column of the case number, by matter that can precede its case."""


async def link_cases(connection: AsyncConnection, at: datetime, silent: bool) -> None:
    """Link the rows whose case exists, with the consequences."""
    found = {matter: (await connection.execute(_waiting(matter))).scalars().all() for matter in UNTIED}
    items = {matter: keys for matter, keys in found.items() if keys}
    if not items:
        return
    before = await find_visible(connection, items, at)
    for matter, keys in items.items():
        await connection.execute(_tie(matter), {"tied": list(keys)})
    await follow(connection, items, before, at, silent=silent)


def _named(matter: Matter) -> tuple[sa.ColumnElement[bool], ...]:
    number = getattr(matter.model, UNTIED[matter])
    return (matter.model.case_id.is_(None), number != "", number == CourtCase.number)


def _waiting(matter: Matter) -> sa.Select[Any]:
    return sa.select(matter.model.id).where(*_named(matter))


def _tie(matter: Matter) -> Any:
    keys = sa.any_(sa.bindparam("tied", type_=sa.ARRAY(sa.BigInteger)))
    tied = sa.update(matter.model).values(case_id=CourtCase.id).where(matter.model.id == keys, *_named(matter))
    return tied.execution_options(synchronize_session=False)
