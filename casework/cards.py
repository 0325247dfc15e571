"""Making of cards (models/party_card.py). The SQL function `make_cards` copies; this module finds what is due."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

import models
from casework.sweep import WITHIN, Sweep
from casework.transaction import get_write_engine

BUCKETS = 64
"""Parties of one bucket are locked together: by the key modulo this number."""

WINDOW = 20_000
"""Keys of new parties that one turn looks at."""

WITHDRAWN = sa.text("SELECT DISTINCT party_id FROM card_withdrawal LIMIT :most")
OUTDATED = sa.text(
    "SELECT party_id FROM party_card WHERE remake_on <= :day"
    " UNION SELECT party_id FROM carded_identity WHERE remake_on <= :day LIMIT :most"
)
WITHOUT = sa.text(
    f"SELECT id FROM party AS p WHERE {WITHIN}"  # noqa: S608 - constant
    " AND (SELECT true FROM party_card AS k WHERE k.party_id = p.id) IS NULL"
)
"""Searches the index for each key: NOT EXISTS may be planned as a join with all cards."""

LAST = sa.text("SELECT coalesce(max(id), 0) FROM party")
MAKE = sa.text("SELECT make_cards(:bucket, :parties, :day)")
MAKE_ALL = sa.text("SELECT make_cards(:bucket, ARRAY(SELECT id FROM party WHERE id & 63 = :bucket), :day)")
"""Makes the cards of all parties of a bucket."""


async def find_due_cards(engine: AsyncEngine, day: date, sweep: Sweep) -> tuple[set[int], bool]:
    """Find the parties whose card is withdrawn or outdated, and those without a card among the next of a sweep.

    Returns at most as many of each kind as the sweep has in its window, and whether it has seen all parties.
    """
    async with engine.connect() as connection:
        withdrawn = await connection.execute(WITHDRAWN, {"most": sweep.window})
        outdated = await connection.execute(OUTDATED, {"day": day, "most": sweep.window})
        last: int = (await connection.execute(LAST)).scalar_one()
        without = set((await connection.execute(WITHOUT, sweep.take_turn(last))).scalars())
        due = {*withdrawn.scalars(), *outdated.scalars(), *without}
    sweep.found = bool(without)
    return due, sweep.seen >= last


async def make_cards(engine: AsyncEngine, parties: Iterable[int], day: date) -> int:
    """Make the cards of parties anew, with their colours on `day`. Each bucket has its own short transaction.

    Buckets in which somebody writes are left out. Returns the number of cards that were made.
    """
    buckets: dict[int, list[int]] = defaultdict(list)
    for party in parties:
        buckets[party % BUCKETS].append(party)
    made = 0
    for bucket, members in buckets.items():
        async with get_write_engine(engine).begin() as connection:
            values = {"bucket": bucket, "parties": members, "day": day}
            made += (await connection.execute(MAKE, values)).scalar_one()
    return made


async def make_due_cards(engine: AsyncEngine, day: date) -> int:
    """Make all cards that are due. Returns their number."""
    made, sweep = 0, Sweep(WINDOW)
    while True:
        due, all_seen = await find_due_cards(engine, day, sweep)
        made += await make_cards(engine, due, day)
        if all_seen:
            return made


COPY = ", ".join(column.name for column in models.IdentityFacts.__table__.columns)
WRONG = sa.text(
    f"""
    WITH valid AS (
        SELECT k.* FROM party_card AS k
        WHERE NOT EXISTS (SELECT FROM card_withdrawal AS w WHERE w.party_id = k.party_id)
    ), copied AS (
        SELECT c.* FROM carded_deduction AS c WHERE c.party_id IN (SELECT party_id FROM valid)
    ), facts AS (
        SELECT f.* FROM deduction_facts AS f WHERE f.party_id IN (SELECT party_id FROM valid WHERE copied)
    ), documents AS (
        SELECT c.* FROM carded_identity AS c WHERE c.party_id IN (SELECT party_id FROM valid)
    ), held AS (
        SELECT f.* FROM identity_facts AS f WHERE f.party_id IN (SELECT party_id FROM valid)
    ), coloured AS (
        SELECT party_id, 'COURT' AS perspective, colour, during FROM valid
        UNION ALL SELECT party_id, 'OUTSIDE', colour, during FROM documents
    ), periods AS (
        SELECT party_id, perspective, colour, during FROM code_period WHERE upper_inf(known)
    )
    SELECT party_id FROM (TABLE copied EXCEPT TABLE facts) AS surplus
    UNION SELECT party_id FROM (TABLE facts EXCEPT TABLE copied) AS missing
    UNION SELECT party_id FROM (SELECT {COPY} FROM documents EXCEPT SELECT {COPY} FROM held) AS surplus
    UNION SELECT party_id FROM (SELECT {COPY} FROM held EXCEPT SELECT {COPY} FROM documents) AS missing
    UNION SELECT party_id FROM coloured AS k WHERE k.during IS NOT NULL AND NOT EXISTS (
        SELECT FROM periods AS p WHERE p.party_id = k.party_id AND p.perspective = k.perspective
            AND p.colour = k.colour AND p.during = k.during
    ) AND NOT (k.colour = 'GREEN' AND k.during = '(,)' AND NOT EXISTS (
        SELECT FROM periods AS p WHERE p.party_id = k.party_id AND p.perspective = k.perspective
    ))
    """  # noqa: S608 - columns of the model
)


async def find_wrong_cards(connection: AsyncConnection) -> list[int]:
    """Return the parties whose card is valid and differs from the tables. There must be none. Reads whole tables."""
    return sorted((await connection.execute(WRONG)).scalars())
