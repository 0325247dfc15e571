"""What is presumed of a pooler, looked at again while the service runs: its configuration may be changed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg
from prometheus_client import Counter

from postgres.errors import DatabasePoolerError
from postgres.listener import Listener
from postgres.sessions.examination import Session

PAUSE_SECONDS = 30.0
UNHEARD = "Revocations are not heard: each request asks whether its token is revoked."
FAULTS = Counter("suxin_pooler_faults", "Times that a pooler was found not to keep what is needed")
log = logging.getLogger("suxin.database")


@dataclass
class SessionWatch:
    """Looks at a pooler again and again, and at who listens. listener: for revocations. examine: as `examine_sessions`.
    fault: what is wrong with the pooler, in one sentence."""

    listener: Listener
    examine: Callable[[], Awaitable[Session]]
    fault: str | None = None

    async def keep(self) -> None:
        """Look until cancelled, or until it is known that there is no pooler."""
        while await self.look():  # noqa: ASYNC110 - nothing tells of a change
            await asyncio.sleep(PAUSE_SECONDS)

    async def look(self) -> bool:
        """Look once. Returns whether there may be a pooler."""
        try:
            pooled = (await self.examine()).pooled
        except DatabasePoolerError as error:
            FAULTS.inc()
            self.fault = str(error)
            log.error("%s", error)
            return True
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return True  # it is away, which requests find out
        self.fault = None
        return pooled

    def find_doubt(self) -> str | None:
        """Return what is not as it should be although requests are answered, in one sentence."""
        return self.fault or (None if self.listener.hears else UNHEARD)
