"""Budgets of clients: a leaky bucket of cost points shared by all workers, and a limit of concurrent requests.

A worker buys points in advance, so that most requests need no statement, and returns unused points after a second. All
workers together let through no more than one would.
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
"""The bucket holds a twentieth of a minute's points: no minute lets through more than 1.05 of the budget."""

ADVANCE = 20
"""The divisor of the bucket that gives the points bought in advance."""

HELD_SECONDS = 1.0
POINTS_A_SECOND = 40_000
"""Points that a second of database time costs at least: the ordinary budget is a connection used half of the time."""

POINTS = Counter("suxin_budget_points", "Cost points of clients, by what became of them", ["audience", "outcome"])
CHARGED, RETURNED, REFUSED = (
    {audience: POINTS.labels(audience.value, outcome) for audience in Audience}
    for outcome in ("charged", "returned", "refused")
)
"""The cost of requests is the charged points minus the returned ones."""

TAKE = sa.text("SELECT granted, balance FROM take_from_budget(:client, :now, :need, :want, :back, :capacity, :rate)")


class ThrottledError(Exception):
    """The client has exhausted its budget or its concurrent requests. retry_after: in whole seconds."""

    def __init__(self, code: str, message: str, retry_after: int, status: "Status") -> None:
        super().__init__(message)
        self.code, self.retry_after, self.status = code, retry_after, status


@dataclass(frozen=True)
class Status:
    """The state of a bucket, in points. restored: points a second."""

    maximum: int
    available: int
    restored: int


@dataclass
class Purse:
    """The points that this worker has bought for a client, the time, and the balance of the bucket at that time."""

    points: float
    bought_at: datetime
    left: float
    running: int = 0
    buying: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class Charge:
    """The charge of a request. actual: its real cost; the difference is refunded, or charged as well."""

    cost: int
    budget: int
    status: Status
    actual: int | None = None


@dataclass
class Budgets:
    """The budgets of all clients. ordinary: default points a minute; most: concurrent requests of a client in this
    worker."""

    engine: AsyncEngine
    ordinary: int
    most: int
    now: Callable[[], datetime]
    _purses: dict[int, Purse] = field(default_factory=dict)

    @contextmanager
    def admit(self, principal: Principal) -> Iterator[Purse]:
        """Count a request while it runs. Raises ThrottledError: CONCURRENCY_LIMITED, or THROTTLED if earlier work is
        not paid off."""
        purse = self._purses.setdefault(principal.client_key, Purse(0, self.now(), 0))
        if purse.running >= self.most:
            message = f"{self.most} requests at a time are answered. Wait for one of them."
            raise ThrottledError("CONCURRENCY_LIMITED", message, 1, self.status(principal))
        if purse.points < 0:
            self._check_debt(principal, purse)
        purse.running += 1
        try:
            yield purse
        finally:
            purse.running -= 1

    def _check_debt(self, principal: Principal, purse: Purse) -> None:
        """Raise ThrottledError if the bucket cannot pay the debt of a purse, so that the request is not even read."""
        _, rate = self._bucket(principal)
        restored = rate * max(0.0, (self.now() - purse.bought_at).total_seconds())
        if (left := purse.left + restored + purse.points) < 0:
            message = f"Your budget of {self._budget(principal)} points a minute is spent by earlier requests."
            raise ThrottledError("THROTTLED", message, math.ceil(-left / rate), self.status(principal))

    def debit(self, principal: Principal, points: int) -> None:
        """Charge work that was done for a request that is refused."""
        purse = self._purses.setdefault(principal.client_key, Purse(0, self.now(), 0))
        purse.points -= points
        CHARGED[principal.audience].inc(points)

    async def charge(self, principal: Principal, cost: int) -> Charge:
        """Charge a request before it runs. Raises ThrottledError THROTTLED."""
        purse = self._purses.setdefault(principal.client_key, Purse(0, self.now(), 0))
        if not self._holds(purse, cost):
            async with purse.buying:  # one purchase for all waiting requests, so that they do not empty the bucket
                if not self._holds(purse, cost):
                    await self._buy(principal, purse, cost)
        purse.points -= cost
        CHARGED[principal.audience].inc(cost)
        return Charge(cost, self._budget(principal), self.status(principal))

    def settle(self, principal: Principal, charge: Charge, objects: int, seconds: float = 0.0) -> None:
        """Refund the cost that a request did not use, or charge its work beyond that. objects: in its answer; seconds:
        of the database. The balance may become negative: it is then paid off before the next request."""
        charge.actual = max(min(objects, charge.cost), math.ceil(seconds * POINTS_A_SECOND))
        left = charge.cost - charge.actual
        self._purses[principal.client_key].points += left
        (RETURNED if left > 0 else CHARGED)[principal.audience].inc(abs(left))
        charge.status = self.status(principal)

    def status(self, principal: Principal) -> Status:
        """Return the state of a client's bucket as this worker knows it."""
        capacity, rate = self._bucket(principal)
        purse = self._purses.get(principal.client_key)
        if purse is None:
            return Status(capacity, capacity, math.floor(rate))
        restored = rate * max(0.0, (self.now() - purse.bought_at).total_seconds())
        available = min(capacity, purse.left + restored + purse.points)
        return Status(capacity, max(0, math.floor(available)), math.floor(rate))

    def _holds(self, purse: Purse, cost: int) -> bool:
        """Return whether the purse has enough points that are not too old."""
        fresh = (self.now() - purse.bought_at).total_seconds() < HELD_SECONDS
        return fresh and purse.points >= cost

    def _bucket(self, principal: Principal) -> tuple[int, float]:
        budget = self._budget(principal)
        return max(1, budget // BURST), budget / 60

    def _budget(self, principal: Principal) -> int:
        return principal.budget or self.ordinary

    async def _buy(self, principal: Principal, purse: Purse, cost: int) -> None:
        """Give unused points back and buy new ones. Raises ThrottledError THROTTLED."""
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
