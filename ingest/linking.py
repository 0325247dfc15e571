"""Sanctions, listings and certificates that came before their case: the database ties them when the case comes.

What two imports wrote at the same time, neither saw of the other: the one that ends last ties it.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.certificate import Certificate
from models.court_case import CourtCase
from models.listing import Listing
from models.sanction import Sanction

UNTIED: tuple[tuple[Any, str], ...] = (
    (Sanction.__table__, "related_number"),
    (Listing.__table__, "case_number"),
    (Certificate.__table__, "case_number"),
)
"""Records that may come before their case, and the column that names it."""


async def link_cases(connection: AsyncConnection) -> set[int]:
    """Tie what is not tied yet though its case is there; gives the parties whose colour may have changed."""
    tied: set[int] = set()
    for table, number in UNTIED:
        tied |= set(await connection.scalars(_tie(table, number)))
    return tied


def _tie(table: Any, number: str) -> Any:
    named = (table.c.case_id.is_(None), table.c[number] != "", table.c[number] == CourtCase.number)
    return sa.update(table).values(case_id=CourtCase.id).where(*named).returning(table.c.party_id)
