"""Erasure of answers of more than ten years ago (R19): in whole months, by functions of the owner of the tables.

What is erased are the rows with the salts, and their index by subject. The leaves stay, whose commitments nobody can
open without the salts.
"""

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

DUE = sa.text("SELECT due_access_log_months()")
ERASE = sa.text("SELECT erase_access_log_month()")


class EraseError(RuntimeError):
    """Answers cannot be erased. The message gives the reason."""


async def list_due_months(connection: AsyncConnection) -> list[str]:
    """Return the months that may be erased, such as `2016-11`, the oldest first."""
    return list((await connection.scalars(DUE)).all())


async def erase_month(connection: AsyncConnection) -> str | None:
    """Erase the oldest month that is due, and return it; None if there is none.

    Raises EraseError if the transparency log does not contain all its answers, or if others use the access log.
    """
    try:
        found: str | None = (await connection.execute(ERASE)).scalar_one()
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0]
        raise EraseError(f"Nothing is erased: {reason}. Run `suxin log verify`, or try again.") from error
    return found
