"""Appends answers to the transparency log, twice a second."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.transparency.sequencing import append_answers, is_behind
from casework.transparency.tree import LogBrokenError
from jobs.loop import Job
from models.transparency.notes import NoteSigner

APPENDED = Counter("suxin_log_appended", "Answers appended to the transparency log")
BROKEN = Counter("suxin_log_broken", "Attempts at continuing a transparency log that contradicts its checkpoint")


@dataclass(kw_only=True)
class LogSequencer(Job):
    """Appends all answers that are committed, in one transaction, and signs a checkpoint."""

    logger: ClassVar[logging.Logger] = logging.getLogger("suxin.transparency")
    waits: ClassVar[str] = "the transparency log waits"
    pause: ClassVar[float] = 0.5
    steady: ClassVar[bool] = True
    engine: AsyncEngine
    signer: NoteSigner
    now: Callable[[], datetime]

    async def start_due(self) -> None:
        """Append the answers that the log does not contain yet. A broken log is not continued."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            try:
                if await is_behind(connection):
                    APPENDED.inc(await append_answers(connection, self.signer, self.now()))
                    await connection.commit()
            except LogBrokenError as error:
                BROKEN.inc()
                self.logger.error("the transparency log is not continued, run `suxin log verify`: %s", error)
