"""All advisory locks of the service by number.

Another kind has computed numbers: mutation keys (`casework.idempotency`, 64 bits of a hash).
"""

import enum

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection


@enum.unique
class Lock(enum.IntEnum):
    """The numbers of the locks. RUNS is the first of two numbers; PostgreSQL keeps pairs apart from single numbers."""

    DATABASE = 7468
    """Creation of the database in the embedded server. Every process takes it at start, for the session."""

    ROLES = 7469
    """Granting of rights to roles, and creation of the user of the service in the embedded server."""

    RUNS = 0x5355
    """Running imports. Each import holds it with the key of its run, for the session."""

    CARDS = 0x5355_4344
    """Cards of parties, with a number from 0 to 63 by the party's key. Writers share it until they commit; the maker of
    cards holds it alone (migration 0034).
    """

    ESTABLISHING = 0x5355_5845
    """Writing of cases and parties by imports. The first step of each chunk takes it. Whoever moves rows between
    parties takes it and then RECORDING.
    """

    PLACING = 0x5355_5849
    """Numbering of events. It is taken after events have been committed."""

    RECORDING = 0x5355_584A
    """Writing of records by imports. The second step of each chunk takes it, also the first step if it changes colours,
    and whoever moves rows between parties.
    """

    LEADERSHIP = 0x5355_5857
    """Scheduled work. The leading worker holds it, for the session."""


HOLD = sa.text("SELECT pg_advisory_xact_lock(:lock)")
"""Wait for a lock and hold it until the end of the transaction."""

LED = """
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = 0 AND objid = :number
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
"""


HOLDS = """
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = 0 AND objid = $1::bigint::oid
        AND pid = pg_backend_pid()
    )
"""
"""Whether this session holds a lock."""


async def is_led(connection: AsyncConnection) -> bool:
    """Return whether a worker on this database leads."""
    led: bool = (await connection.execute(sa.text(LED), {"number": Lock.LEADERSHIP})).scalar_one()
    return led
