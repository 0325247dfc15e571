"""All advisory locks of the service by number: what each one orders, and who takes it.

Two other kinds have numbers that are computed: the keys of mutations (`casework.idempotency`, 64 bits of a hash) and
partitions that are being made (`ensure_access_log_partition`, a hash of the name).
"""

import enum

import sqlalchemy as sa


@enum.unique
class Lock(enum.IntEnum):
    """PostgreSQL knows locks of one number and locks of two, which never meet. RUNS is the first of two."""

    DATABASE = 7468
    """The database of the embedded server is made once. Each process that starts takes it, in the session."""

    RUNS = 0x5355
    """Which imports are still running. Each import holds it with the key of its run, in the session."""

    ESTABLISHING = 0x5355_5845
    """Imports write cases and parties one at a time. Each chunk's first step takes it, and whoever moves rows from
    party to party, who takes RECORDING next."""

    PLACING = 0x5355_5849
    """Events get their places from one transaction at a time. Whoever has committed events takes it."""

    RECORDING = 0x5355_584A
    """Imports write their lines one at a time. Each chunk's second step takes it, the first one if it changes colours,
    and whoever moves rows."""

    LEADERSHIP = 0x5355_5857
    """One process does what time brings. The worker that leads holds it, in the session."""


HOLD = sa.text("SELECT pg_advisory_xact_lock(:lock)")
"""Wait for a lock, and hold it until the transaction ends."""
