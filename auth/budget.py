"""What a client may spend: a leaky bucket of cost points, shared by all workers, and requests at a time.

A worker buys points ahead, a few at a time, so that most requests ask nothing of the database; what it has not spent
within a second it gives back. Nothing is spent that was not bought: workers together let through what one would.
"""

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.audiences import Audience
from auth.principal import Principal

BURST = 20
"""The bucket holds what is restored in a twentieth of a minute: no minute lets through more than 1.05 of the budget."""

ADVANCE = 20
"""Share of the bucket that a worker buys ahead."""

HELD_SECONDS = 1.0
POINTS = Counter("suxin_budget_points", "Cost points of clients, by what became of them", ["audience", "outcome"])
CHARGED, RETURNED, REFUSED = (
    {audience: POINTS.labels(audience.value, outcome) for audience in Audience}
    for outcome in ("charged", "returned", "refused")
)
"""What was spent is what was charged without what was returned, as requests cost less than they might have."""

TAKE = sa.text("SELECT granted, balance FROM take_from_budget(:client, :now, :need, :want, :back, :capacity, :rate)")


class ThrottledError(Exception):
    """A client has spent its budget, or asks too much at a time. retry_after: whole seconds until it may be asked."""

    def __init__(self, code: str, message: str, retry_after: int, status: "Status") -> None:
        super().__init__(message)
        self.code, self.retry_after, self.status = code, retry_after, status


@dataclass(frozen=True)
class Status:
    """Where a client's bucket stands, in points; restored: points a second."""

    maximum: int
    available: int
    restored: int


@dataclass
class Purse:
    """What this worker has bought for a client, since when, and what was left in the bucket then."""

    points: float
    bought_at: datetime
    left: float
    running: int = 0
    buying: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class Charge:
    """What one request was charged. actual: what it cost in the end; the difference is given back."""

    cost: int
    budget: int
    status: Status
    actual: int | None = None


@dataclass
class Budgets:
    """The budgets of all clients. ordinary: points a minute of a client with none of its own; most: requests at a time
    of one client, in this worker."""

    engine: AsyncEngine
    ordinary: int
    most: int
    now: Callable[[], datetime]
    _purses: dict[int, Purse] = field(default_factory=dict)

    @contextmanager
    def admit(self, principal: Principal) -> Iterator[Purse]:
        """One request of a client, while it runs. Raises ThrottledError CONCURRENCY_LIMITED."""
        purse = self._purses.setdefault(principal.client_key, Purse(0, self.now(), 0))
        if purse.running >= self.most:
            message = f"{self.most} requests at a time are answered. Wait for one of them."
            raise ThrottledError("CONCURRENCY_LIMITED", message, 1, self.status(principal))
        purse.running += 1
        try:
            yield purse
        finally:
            purse.running -= 1

    async def charge(self, principal: Principal, cost: int) -> Charge:
        """Charge a request before it runs. Raises ThrottledError THROTTLED."""
        purse = self._purses.setdefault(principal.client_key, Purse(0, self.now(), 0))
        if not self._holds(purse, cost):
            async with purse.buying:  # one buys for all who wait: each for itself would empty the bucket
                if not self._holds(purse, cost):
                    await self._buy(principal, purse, cost)
        purse.points -= cost
        CHARGED[principal.audience].inc(cost)
        return Charge(cost, self._budget(principal), self.status(principal))

    def refund(self, principal: Principal, charge: Charge, actual: int) -> None:
        """Give back what a request did not cost."""
        charge.actual = min(actual, charge.cost)
        self._purses[principal.client_key].points += charge.cost - charge.actual
        RETURNED[principal.audience].inc(charge.cost - charge.actual)
        charge.status = self.status(principal)

    def status(self, principal: Principal) -> Status:
        """Where a client's bucket stands, as far as this worker knows."""
        capacity, rate = self._bucket(principal)
        purse = self._purses.get(principal.client_key)
        if purse is None:
            return Status(capacity, capacity, math.floor(rate))
        restored = rate * max(0.0, (self.now() - purse.bought_at).total_seconds())
        available = min(capacity, purse.left + restored + purse.points)
        return Status(capacity, max(0, math.floor(available)), math.floor(rate))

    def _holds(self, purse: Purse, cost: int) -> bool:
        """Whether it is enough, and was not bought too long ago."""
        fresh = (self.now() - purse.bought_at).total_seconds() < HELD_SECONDS
        return fresh and purse.points >= cost

    def _bucket(self, principal: Principal) -> tuple[int, float]:
        budget = self._budget(principal)
        return max(1, budget // BURST), budget / 60

    def _budget(self, principal: Principal) -> int:
        return principal.budget or self.ordinary

    async def _buy(self, principal: Principal, purse: Purse, cost: int) -> None:
        """Give back what was not spent, and buy anew. Raises ThrottledError THROTTLED."""
        capacity, rate = self._bucket(principal)
        moment, back, purse.points = self.now(), purse.points, 0
        bought = {"need": cost, "want": max(cost, capacity / ADVANCE), "back": back}
        values = {"client": principal.client_key, "now": moment, "capacity": capacity, "rate": rate, **bought}
        async with self.engine.connect() as connection:
            granted, left = await _take(connection, values)
        purse.points += granted
        purse.bought_at, purse.left = moment, left
        if not granted:
            REFUSED[principal.audience].inc(cost)
            wait = math.ceil(max(0.0, min(cost, capacity) - left) / rate)
            raise ThrottledError(
                "THROTTLED",
                f"Your budget of {self._budget(principal)} points a minute is spent; this costs {cost}.",
                max(1, wait),
                self.status(principal),
            )


async def _take(connection: AsyncConnection, values: dict[str, object]) -> tuple[float, float]:
    autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
    row = (await autocommit.execute(TAKE, values)).one()
    return row.granted, row.balance
