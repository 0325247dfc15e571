"""What becomes of fields that are still waiting when their request has ended."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from the_engine import ENGINE
from world import KEYRING

from auth.audiences import Audience
from auth.principal import Principal
from engine.load.context import Context, EndedError
from engine.load.loaders import Loader
from resolvers.caller import Caller


class Numbers(Loader):
    """A loader that asks the database for the numbers that are its keys."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context

    async def batch_load_fn(self, keys: list[Any]) -> list[Any]:
        """Each key's number."""
        found = await self.context.fetch(
            sa.select(sa.func.unnest(sa.bindparam("keys", [number for (number,) in keys], sa.ARRAY(sa.Integer)))), {}
        )
        return [next(iter(row.values())) for row in found]


async def test_fields_that_come_too_late_end_with_their_request(engine: AsyncEngine) -> None:
    """Else their tasks wait for ever, and are destroyed while they do."""
    bank = Principal("bank", 1, "Bank", Audience.BANK, frozenset(), frozenset(), "token")
    async with engine.connect() as connection:
        caller = Caller(bank, KEYRING, datetime.now(UTC), uuid4())
        context = Context(engine=ENGINE, caller=caller, connection=connection)
        numbers = Numbers(context)
        assert [await number for number in (numbers.load((1,)), numbers.load((2,)))] == [1, 2]
        await context.close()
        async with asyncio.timeout(5):
            with pytest.raises(EndedError):
                await numbers.load((3,))
