"""The recorder of requests: it keeps them until they are written to the request log of clients, once a second."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from prometheus_client import Counter
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.request_log import AnsweredRequest, write_requests
from casework.transaction import transact
from jobs.loop import repeat
from models.terms import to_court_day
from transport.observation import Observation

THROTTLING = frozenset({"THROTTLED", "CONCURRENCY_LIMITED"})
"""Codes of refusals for want of budget, and for too many requests at a time."""

PAUSE_SECONDS, LAST_SECONDS = 1.0, 2.0
WRITTEN_AT_ONCE, MOST_WAITING = 2_000, 20_000
WAITS = "the request log waits"
LOST = Counter("suxin_requests_unlogged", "Requests that the request log of clients lacks")
log = logging.getLogger("suxin.server")


def name_field(seen: Observation) -> str | None:
    """Return the root field of a request, `several`, or None if no operation was read."""
    if seen.operation is None:
        return None
    fields = seen.operation.fields
    return fields[0] if len(fields) == 1 else "several"


@dataclass
class Recorder:
    """Records requests of authenticated clients. engine: where to. While the database is away it keeps the newest."""

    engine: AsyncEngine
    now: Callable[[], datetime]
    waiting: deque[AnsweredRequest] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))

    def record(self, seen: Observation, path: str, status: int) -> None:
        """Keep a request until it is written. path: without values. It costs the request no statement."""
        if seen.principal is None:
            return
        if len(self.waiting) == MOST_WAITING:
            LOST.inc()
        at, officer = self.now(), seen.principal.officer
        self.waiting.append(
            AnsweredRequest(
                at=at,
                day=to_court_day(at),
                client_key=seen.principal.client_key,
                staff_id=officer.key if officer else None,
                request_id=seen.request_id,
                path=path,
                operation=seen.operation.kind if seen.operation else None,
                field=name_field(seen),
                status=status,
                outcome=seen.outcome,
                throttled=seen.outcome in THROTTLING,
                cost=seen.charged(),
                milliseconds=seen.milliseconds(),
            )
        )

    async def write(self) -> None:
        """Write what waits. While the database is away, it waits on; the error is raised."""
        while self.waiting:
            taken = [self.waiting.popleft() for _ in range(min(len(self.waiting), WRITTEN_AT_ONCE))]
            try:
                await transact(self.engine, partial(write_requests, answered=taken))
            except (IntegrityError, DataError) as error:
                self._give_up(taken, error)
            except BaseException:
                self.waiting.extendleft(reversed(taken))
                raise

    def _give_up(self, taken: Sequence[AnsweredRequest], error: Exception) -> None:
        """Drop what the database will never take, so that it does not keep back what comes after it."""
        LOST.inc(len(taken))
        log.error("%d requests could not be logged: %s", len(taken), type(error).__name__)

    async def keep(self) -> None:
        """Write every second until cancelled, and then what is left."""
        try:
            await repeat(self.write, log.warning, WAITS, PAUSE_SECONDS)
        finally:
            with suppress(OSError, SQLAlchemyError, TimeoutError):
                async with asyncio.timeout(LAST_SECONDS):
                    await self.write()
