"""The data loaders of the strawberry peer: one statement per loader, on pooled connections."""

import hmac
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry.dataloader import DataLoader

from bench.peers.strawberry import statements
from models.number_suites import INDEX_BYTES
from models.terms import to_court_day

Key = tuple[int, bool]
Slice = tuple[int, bool, int]


class Loading:
    """The context of one request. `index_key`: version and key of the hash of numbers."""

    def __init__(self, engine: AsyncEngine, index_key: tuple[int, bytes]) -> None:
        self._engine, self._index_key = engine, index_key
        self._today = to_court_day(datetime.now(UTC))
        self.codes: DataLoader[Key, Any] = DataLoader(self._codes)
        self.deductions: DataLoader[Slice, list[Any]] = DataLoader(self._deductions)
        self.behaviours = self._one(statements.BEHAVIOURS, "id")
        self.cases = self._one(statements.CASES, "id")
        self.courts = self._one(statements.COURTS, "code")
        self.repairs: DataLoader[int, list[Any]] = DataLoader(self._repairs)

    async def parties_after(self, key: int, first: int) -> Sequence[Any]:
        return await self._rows(statements.PAGE, key=key, first=first)

    async def party(self, key: int) -> Any:
        return next(iter(await self._rows(statements.PARTY, key=key)), None)

    async def subjects(self, numbers: Sequence[str]) -> list[Any]:
        """The disclosed party with each number, or None, in the order of the numbers."""
        indexes = [self._index(number) for number in numbers]
        found = {row.index: row for row in await self._rows(statements.FOUND, indexes=indexes)}
        return [found.get(index) for index in indexes]

    def _index(self, number: str) -> bytes:
        version, key = self._index_key
        return bytes([version]) + hmac.digest(key, number.encode(), "sha256")[:INDEX_BYTES]

    async def _rows(self, statement: sa.TextClause, **values: object) -> Sequence[Any]:
        async with self._engine.connect() as connection:
            return (await connection.execute(statement, values)).all()

    def _one(self, statement: sa.TextClause, column: str) -> DataLoader[Any, Any]:
        """A loader of single rows by key."""

        async def load(keys: list[Any]) -> list[Any]:
            found = {getattr(row, column): row for row in await self._rows(statement, keys=keys)}
            return [found.get(key) for key in keys]

        return DataLoader(load)

    async def _codes(self, keys: list[Key]) -> list[Any]:
        return await self._by_side(keys, self._codes_of)

    async def _codes_of(self, keys: Sequence[Key], outside: bool) -> dict[Key, Any]:
        values = {"perspective": "OUTSIDE" if outside else "COURT", "today": self._today}
        rows = await self._rows(statements.CODES, keys=[key for key, _ in keys], **values)
        return {(row.party_id, outside): row for row in rows}

    async def _deductions(self, keys: list[Slice]) -> list[list[Any]]:
        """All slices of one request have the same length."""
        first, sides = keys[0][2], [(key, outside) for key, outside, _ in keys]

        async def taken(sides: Sequence[Key], outside: bool) -> dict[Key, list[Any]]:
            statement = statements.PUBLISHED if outside else statements.DEDUCTIONS
            values = {"keys": [key for key, _ in sides], "first": first, "today": self._today}
            rows: dict[Key, list[Any]] = defaultdict(list)
            for row in await self._rows(statement, **values):
                rows[row.party_id, outside].append(row)
            return rows

        return [rows or [] for rows in await self._by_side(sides, taken)]

    async def _repairs(self, keys: list[int]) -> list[list[Any]]:
        rows: dict[int, list[Any]] = defaultdict(list)
        for row in await self._rows(statements.REPAIRS, keys=keys):
            rows[row.deduction_id].append(row)
        return [rows[key] for key in keys]

    async def _by_side(
        self, keys: Sequence[Key], load: Callable[[Sequence[Key], bool], Awaitable[dict[Key, Any]]]
    ) -> list[Any]:
        """Load the keys of the court and those from outside with one statement each."""
        found: dict[Hashable, Any] = {}
        for outside in {outside for _, outside in keys}:
            found |= await load([key for key in keys if key[1] is outside], outside)
        return [found.get(key) for key in keys]
