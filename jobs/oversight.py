"""Oversight of consents and clients, every second: letters are drawn for audit, overdue ones suspended, clients braked
whose look-ups of persons are refused too often, those disabled whose admission is over, and sessions of staff ended."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ClassVar

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.administration.admissions import end_admissions
from auth.staff.session_ends import end_sessions
from casework.client_alarms import raise_alarms
from casework.consent_audits import draw_letters, suspend_overdue
from casework.transaction import transact
from jobs.loop import Job
from models.keyring import Keyring

ALARMS = Counter("suxin_client_alarms", "Alarms over clients whose look-ups of persons miss", ["audience"])
LETTERS = Counter("suxin_audited_letters", "Letters, by what audits made of them", ["outcome"])
ALARM = "client %s is braked: %d of its %d look-ups of persons within an hour were without consent or misnamed"
ENDED = "client %s is disabled: the last day of its admission is over"
TRIED = "client %s: %d of the %d share codes that its visitors tried within an hour showed nothing"


@dataclass(frozen=True)
class Vigilance:
    """The limits. one_in: one of this number of letters is drawn; 0 draws none. misses: of a client within an hour; 0
    raises no alarm."""

    one_in: int
    misses: int


@dataclass(kw_only=True)
class Oversight(Job):
    """Draws, suspends and raises alarms, each in its own transaction."""

    logger: ClassVar[logging.Logger] = logging.getLogger("suxin.oversight")
    waits: ClassVar[str] = "the oversight of consents waits"
    engine: AsyncEngine
    keyring: Keyring
    limits: Vigilance
    now: Callable[[], datetime]

    async def start_due(self) -> None:
        """Do what is due."""
        at = self.now()
        drawn = await transact(self.engine, partial(self._draw, at=at), at)
        suspended = await transact(self.engine, partial(suspend_overdue, at=at), at)
        alarms = await transact(self.engine, partial(raise_alarms, most=self.limits.misses, at=at), at)
        for client_id in await transact(self.engine, partial(_end_admissions, at=at), at):
            self.logger.warning(ENDED, client_id)
        await transact(self.engine, partial(_end_sessions, at=at), at)
        LETTERS.labels("drawn").inc(len(drawn))
        LETTERS.labels("overdue").inc(len(suspended))
        for alarm in alarms:
            ALARMS.labels(alarm.audience.value).inc()
            told = ALARM if alarm.brakes else TRIED
            self.logger.warning(told, alarm.client_id, alarm.misses, alarm.look_ups)

    async def _draw(self, connection: AsyncConnection, at: datetime) -> Sequence[int]:
        return await draw_letters(connection, self.keyring, self.limits.one_in, at)


async def _end_sessions(connection: AsyncConnection, at: datetime) -> None:
    await connection.execute(end_sessions(at))


async def _end_admissions(connection: AsyncConnection, at: datetime) -> Sequence[str]:
    return await connection.run_sync(end_admissions, at)
