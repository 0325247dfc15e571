"""Budgets of clients: a leaky bucket of cost points shared by all workers, and a limit of concurrent requests.

A worker buys points in advance, so that most requests need no statement, and returns unused points after a second. All
workers together let through no more than one would. Work in the background, such as exports, is charged by the same
rate, and waits while less than half of the bucket is left: it takes what the requests of the client leave.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Protocol

import sqlalchemy as sa
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.audiences import Audience
from auth.principal import Principal
from languages.sentence import say
from postgres.errors import is_away
from postgres.pulse import Pulse
from postgres.usage import measure_usage

BURST = 20
"""The bucket holds a twentieth of a minute's points: no minute lets through more than 1.05 of the budget."""

ADVANCE = 20
"""The divisor of the bucket that gives the points bought in advance."""

RESERVED = 0.5
"""The share of the bucket that work in the background leaves to requests."""

HELD_SECONDS = 1.0
POINTS_A_SECOND = 40_000
"""Points that a second of database time costs at least: the ordinary budget is a connection used half of the time."""

LONG_SECONDS = 0.25
"""Database time from which an operation is long. A client runs one long operation at a time in a worker: several would
be charged only after they have kept the database busy together."""

POINTS = Counter("suxin_budget_points", "Cost points of clients, by what became of them", ["audience", "outcome"])
CHARGED, RETURNED, REFUSED = (
    {audience: POINTS.labels(audience.value, outcome) for audience in Audience}
    for outcome in ("charged", "returned", "refused")
)
"""The cost of requests is the charged points minus the returned ones."""

TAKE = sa.text("SELECT granted, balance FROM take_from_budget(:client, :now, :need, :want, :back, :capacity, :rate)")


class Payer(Protocol):
    """Who pays: a principal, or a row with its client. budget: points a minute; None for the default."""

    @property
    def client_key(self) -> int: ...

    @property
    def audience(self) -> Audience: ...

    @property
    def budget(self) -> int | None: ...


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
    """The points that this worker has bought for a client, the time, and the balance of the bucket at that time.

    turn: held by the one long operation that runs.
    """

    points: float
    bought_at: datetime
    left: float
    running: int = 0
    buying: asyncio.Lock = field(default_factory=asyncio.Lock)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


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
    worker. pulse: of the database; None if it is never away."""

    engine: AsyncEngine
    ordinary: int
    most: int
    now: Callable[[], datetime]
    pulse: Pulse | None = None
    _purses: dict[int, Purse] = field(default_factory=dict)

    @contextmanager
    def admit(self, principal: Principal) -> Iterator[Purse]:
        """Count a request while it runs. Raises ThrottledError: CONCURRENCY_LIMITED, or THROTTLED if earlier work is
        not paid off."""
        purse = self._find_purse(principal)
        if purse.running >= self.most:
            message = say("{most} requests at a time are answered. Wait for one of them.", most=self.most)
            raise ThrottledError("CONCURRENCY_LIMITED", message, 1, self.status(principal))
        if purse.points < 0:
            self._check_debt(principal, purse)
        purse.running += 1
        try:
            yield purse
        finally:
            purse.running -= 1

    @asynccontextmanager
    async def take_turn(self, principal: Principal) -> AsyncIterator[None]:
        """Run a long operation: those of one client one after another. Raises ThrottledError THROTTLED if work that
        ended meanwhile is not paid off."""
        purse = self._find_purse(principal)
        async with purse.turn:
            if purse.points < 0:
                self._check_debt(principal, purse)
            yield

    def _check_debt(self, principal: Principal, purse: Purse) -> None:
        """Raise ThrottledError if the bucket cannot pay the debt of a purse, so that the request is not even read."""
        _, rate = self._bucket(principal)
        restored = rate * max(0.0, (self.now() - purse.bought_at).total_seconds())
        if (left := purse.left + restored + purse.points) < 0:
            message = say(
                "Your budget of {budget} points a minute is spent by earlier requests.", budget=self._budget(principal)
            )
            raise ThrottledError("THROTTLED", message, math.ceil(-left / rate), self.status(principal))

    def debit(self, principal: Payer, points: int) -> None:
        """Charge work that is done already, as for a request that is refused."""
        purse = self._find_purse(principal)
        purse.points -= points
        CHARGED[principal.audience].inc(points)

    @asynccontextmanager
    async def charging(self, payer: Payer) -> AsyncIterator[None]:
        """Charge the database time of what is done while the context lasts; nothing if the database is away."""
        began = perf_counter()
        with measure_usage() as usage:
            try:
                yield
            except BaseException as error:
                seconds = perf_counter() - began - usage.uncounted
                self.debit(payer, 0 if await self._is_away(error) else math.ceil(seconds * POINTS_A_SECOND))
                raise
        self.debit(payer, math.ceil((perf_counter() - began - usage.uncounted) * POINTS_A_SECOND))

    async def measure_pause(self, payer: Payer) -> float:
        """Pay a client's debt. Return the seconds for which its work in the background has to wait."""
        purse = self._find_purse(payer)
        async with purse.buying:
            await self._trade(payer, purse, 0, 0)
        capacity, rate = self._bucket(payer)
        return max(0.0, (RESERVED * capacity - purse.left) / rate)

    async def charge(self, principal: Principal, cost: int) -> Charge:
        """Charge a request before it runs. Raises ThrottledError THROTTLED."""
        purse = self._find_purse(principal)
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

    async def settle_failed(self, principal: Principal, charge: Charge, error: BaseException, seconds: float) -> None:
        """Charge a request that failed its estimate and its work; nothing if the database is away, or if it was refused
        when its turn came."""
        free = isinstance(error, ThrottledError) or await self._is_away(error)
        self.settle(principal, charge, 0 if free else charge.cost, 0 if free else seconds)

    async def _is_away(self, error: BaseException) -> bool:
        """Return whether work failed because the database is away. Work that was cut off tells nothing: it is asked."""
        if isinstance(error, asyncio.CancelledError) and self.pulse:
            return not await self.pulse.beats()
        return is_away(error) or is_away(error.__cause__)

    def status(self, principal: Principal) -> Status:
        """Return the state of a client's bucket as this worker knows it."""
        capacity, rate = self._bucket(principal)
        purse = self._purses.get(principal.client_key)
        if purse is None:
            return Status(capacity, capacity, math.floor(rate))
        restored = rate * max(0.0, (self.now() - purse.bought_at).total_seconds())
        available = min(capacity, purse.left + restored + purse.points)
        return Status(capacity, max(0, math.floor(available)), math.floor(rate))

    def _find_purse(self, payer: Payer) -> Purse:
        """Return a client's purse. The bucket of a client that this worker does not know is taken to be full."""
        purse = self._purses.get(payer.client_key)
        if purse is None:
            capacity, _ = self._bucket(payer)
            self._purses[payer.client_key] = purse = Purse(0, self.now(), capacity)
        return purse

    def _holds(self, purse: Purse, cost: int) -> bool:
        """Return whether the purse has enough points that are not too old."""
        fresh = (self.now() - purse.bought_at).total_seconds() < HELD_SECONDS
        return fresh and purse.points >= cost

    def _bucket(self, principal: Payer) -> tuple[int, float]:
        budget = self._budget(principal)
        return max(1, budget // BURST), budget / 60

    def _budget(self, principal: Payer) -> int:
        return principal.budget or self.ordinary

    async def _buy(self, principal: Principal, purse: Purse, cost: int) -> None:
        """Give unused points back and buy new ones. Raises ThrottledError THROTTLED."""
        capacity, rate = self._bucket(principal)
        if not await self._trade(principal, purse, cost, max(cost, capacity / ADVANCE)):
            REFUSED[principal.audience].inc(cost)
            wait = math.ceil(max(0.0, min(cost, capacity) - purse.left) / rate)
            raise ThrottledError(
                "THROTTLED",
                say(
                    "Your budget of {budget} points a minute is spent; this costs {cost}.",
                    budget=self._budget(principal),
                    cost=cost,
                ),
                max(1, wait),
                self.status(principal),
            )

    async def _trade(self, payer: Payer, purse: Purse, need: float, want: float) -> float:
        """Give all points back, or pay the debt. Return the points bought: up to `want`, none or at least `need`."""
        capacity, rate = self._bucket(payer)
        moment, back, purse.points = self.now(), purse.points, 0
        bought = {"need": need, "want": want, "back": back, "capacity": capacity, "rate": rate}
        async with self.engine.connect() as connection:
            granted, left = await _take(connection, {"client": payer.client_key, "now": moment, **bought})
        purse.points += granted
        purse.bought_at, purse.left = moment, left
        return granted


async def _take(connection: AsyncConnection, values: dict[str, object]) -> tuple[float, float]:
    autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
    row = (await autocommit.execute(TAKE, values)).one()
    return row.granted, row.balance
