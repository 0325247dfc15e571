"""Months of the access log of more than ten years ago (R19): which are due, and their erasure by the owner's functions.

What is erased are the rows with the salts, and their index by subject. The leaves stay, whose commitments nobody can
open without the salts.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.access_index import find_default_partitions
from languages.sentence import say
from models.transparency.tables import LogDeletion

DUE = sa.text("SELECT due_access_log_months()")
ERASE = sa.text("SELECT erase_access_log_month()")
BEGUN = sa.text(
    """
    SELECT DISTINCT replace(right(relname, 7), '_', '-') FROM pg_class LEFT JOIN pg_inherits ON inhrelid = oid
    WHERE relname ~ '^access_(answer|index)_[0-9]{4}_[0-9]{2}$' AND relkind = 'r'
    AND (NOT relispartition OR inhdetachpending) AND relnamespace = current_schema()::regnamespace ORDER BY 1
    """
)
"""The months whose partitions are detached, or were about to be."""

LEFT = {
    say("in the index of subjects"): (
        "SELECT EXISTS (SELECT FROM access_tail AS a JOIN {} AS own USING (at, id, client_key))"
    ),
    say("in the transparency log"): (
        "SELECT EXISTS (SELECT FROM {} AS a WHERE NOT EXISTS (SELECT FROM log_leaf AS leaf WHERE leaf.at = a.at"
        " AND leaf.answer_id = a.id AND leaf.client_key = a.client_key))"
    ),
}
"""Whether an answer of a month has not come where it must be before the month goes."""


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


class ArchiveError(RuntimeError):
    """A month cannot be archived. The message says why and what to do."""


async def list_begun_months(connection: AsyncConnection) -> list[str]:
    """Return the months whose archiving was begun, such as `2016-11`."""
    return list((await connection.scalars(BEGUN)).all())


async def list_months(connection: AsyncConnection) -> list[str]:
    """Return the months to be archived: those that were begun, and those that are due."""
    return sorted({*await list_begun_months(connection), *await list_due_months(connection)})


async def check_month(connection: AsyncConnection, month: str, now: datetime) -> None:
    """Raise ArchiveError if a month that was asked for may not be archived."""
    if month in await list_months(connection):
        return
    if month >= f"{now:%Y-%m}":
        raise ArchiveError(
            say("{month} is not over. Answers are archived after ten years, in whole months.", month=month)
        )
    if await connection.scalar(sa.select(LogDeletion.month).where(LogDeletion.month == month)):
        raise ArchiveError(say("{month} was archived and deleted before: see log_deletion.", month=month))
    if (
        await connection.scalar(sa.text("SELECT to_regclass(:name)"), {"name": name_table("access_answer", month)})
        is None
    ):
        raise ArchiveError(say("The access log has no answers of {month}: there is nothing to archive.", month=month))
    raise ArchiveError(
        say("{month} is not ten years old, by the clock and by the newest checkpoint: it is kept (R19).", month=month)
    )


async def has_table(connection: AsyncConnection, name: str) -> bool:
    """Return whether there is a table."""
    return await connection.scalar(sa.text("SELECT to_regclass(:name)"), {"name": name}) is not None


def name_table(parent: str, month: str) -> str:
    """Return the name of the partition of a month."""
    return f"{parent}_{month.replace('-', '_')}"


async def check_complete(connection: AsyncConnection, month: str) -> None:
    """Raise ArchiveError unless all answers of a month are in the index and in the transparency log."""
    if defaults := await find_default_partitions(connection):
        raise ArchiveError(
            say(
                "{names} is a default partition, beside which no month is detached. End it first: docs/operations.md.",
                names=", ".join(defaults),
            )
        )
    table = name_table("access_answer", month)
    if await connection.scalar(sa.text("SELECT to_regclass(:name)"), {"name": table}) is None:
        raise ArchiveError(
            say("Of {month} only the index is left, without its answers. Restore them from a backup.", month=month)
        )
    for where, asked in LEFT.items():
        if await connection.scalar(sa.text(asked.format(table))):
            raise ArchiveError(
                say(
                    "Not all answers of {month} are {where}. Start the worker; if it runs, run `suxin log verify`.",
                    month=month,
                    where=where,
                )
            )
