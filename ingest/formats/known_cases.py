"""Find the case of a line that must already exist."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.report import LineError
from models.court_case import CourtCase


async def read_cases(connection: AsyncConnection) -> dict[str, int]:
    """The keys of all cases, by number."""
    rows = (await connection.execute(sa.select(CourtCase.number, CourtCase.id))).all()
    return {row.number: row.id for row in rows}


def find_case(cases: Mapping[str, int], number: str) -> int:
    """The key of a case. Raises LineError CASE_UNKNOWN."""
    key = cases.get(number)
    if key is None:
        raise LineError("CASE_UNKNOWN", "The case is not there: import it first, by suxin import cases.")
    return key
