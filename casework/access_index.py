"""The index of the access log by subject (R19). The index and `AccessTail` together contain every answer."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

LEFT = sa.text("SELECT EXISTS (SELECT FROM access_tail)")
HOLD = sa.text("SELECT epoch FROM access_index_state FOR UPDATE")
INDEX = sa.text(
    """
    INSERT INTO access_index (subject, at, answer_id, client_key)
    SELECT DISTINCT named.subject, tail.at, tail.id, tail.client_key
    FROM access_tail AS tail CROSS JOIN LATERAL (
        SELECT coalesce(int8send(one.party), one.index) AS subject
        FROM unnest(tail.parties, tail.indexes) AS one (party, index)
    ) AS named
    WHERE named.subject IS NOT NULL
    ORDER BY named.subject, tail.at, tail.id
    """
)
REACHED = sa.text("UPDATE access_index_state SET snapshot = pg_current_snapshot()")
ELSEWHERE = sa.text(
    "SELECT control.system_identifier FROM access_index_state AS state, pg_control_system() AS control"
    " WHERE state.system <> control.system_identifier"
)
RESTART = sa.text("SELECT begin_access_log_epoch()")
DEFAULTS = sa.text(
    """
    SELECT partdefid::regclass::text FROM pg_partitioned_table
    WHERE partrelid IN ('access_answer'::regclass, 'access_index'::regclass) AND partdefid <> 0 ORDER BY 1
    """
)


async def is_behind(connection: AsyncConnection) -> bool:
    """Return whether there are answers that the index does not contain."""
    found: bool = (await connection.execute(LEFT)).scalar_one()
    return found


async def index_answers(connection: AsyncConnection) -> int:
    """Index all answers that the transaction sees. Returns the number of index entries.

    The transaction must be REPEATABLE READ, since its snapshot is stored. Answers that commit later stay in the tail.
    Raises DBAPIError (40001) if another process has updated the index.
    """
    await connection.execute(HOLD)
    await connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
    written = (await connection.execute(INDEX)).rowcount
    await connection.execute(REACHED)
    return written


async def restart_elsewhere(connection: AsyncConnection) -> bool:
    """Empty the index if the database was restored from a dump, where transactions have other numbers.

    All answers are in the tail until the index is built. Returns whether the index was emptied.
    """
    if (await connection.execute(ELSEWHERE)).first() is None:
        return False
    await connection.execute(RESTART)
    return True


async def find_default_partitions(connection: AsyncConnection) -> list[str]:
    """Return the default partitions of the access log and of its index. Suxin makes none: to attach a month would lock
    and scan it, and no month could be detached beside it without locking the log."""
    return list((await connection.scalars(DEFAULTS)).all())
