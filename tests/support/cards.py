"""Cards of parties: made for all, withdrawn for some, and compared with the tables."""

from datetime import date, datetime
from random import Random

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.cards import BUCKETS, MAKE_ALL, find_wrong_cards, make_due_cards
from models.terms import to_court_day

WITHDRAW = sa.text("INSERT INTO card_withdrawal (party_id) SELECT unnest(CAST(:parties AS bigint[]))")
COUNT = sa.text("SELECT (SELECT count(*) FROM party), (SELECT count(*) FROM party_card)")


def make_all_cards(connection: sa.Connection, day: date) -> None:
    """Make the card of every party anew."""
    for bucket in range(BUCKETS):
        connection.execute(MAKE_ALL, {"bucket": bucket, "day": day})


def withdraw_some(connection: sa.Connection, share: float, random: Random) -> None:
    """Restore all cards that this function withdrew, and withdraw this share of them."""
    connection.execute(sa.text("DELETE FROM card_withdrawal"))
    parties = connection.execute(sa.text("SELECT party_id FROM party_card ORDER BY 1")).scalars().all()
    connection.execute(WITHDRAW, {"parties": [key for key in parties if random.random() < share]})


async def check_cards(engine: AsyncEngine, moment: datetime) -> None:
    """Assert that the valid cards are as the tables say, then make those that are due, so that every party has one."""
    async with engine.connect() as connection:
        assert await find_wrong_cards(connection) == []
    await make_due_cards(engine, to_court_day(moment))
    async with engine.connect() as connection:
        parties, cards = (await connection.execute(COUNT)).one()
        assert cards == parties
        assert await find_wrong_cards(connection) == []
