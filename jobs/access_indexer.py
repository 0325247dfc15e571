"""Indexes the access log by subject, every second, and derives from it what subjects and courts are told."""

import logging
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncEngine

from casework.access_index import index_answers, is_behind
from casework.client_alarms import count_look_ups
from casework.subject_notices import note_share_codes
from jobs.loop import Job


@dataclass(kw_only=True)
class AccessIndexer(Job):
    """Indexes all answers in the tail, in one transaction, which notes and counts each of them once."""

    logger: ClassVar[logging.Logger] = logging.getLogger("suxin.access_index")
    waits: ClassVar[str] = "the index of the access log waits"
    engine: AsyncEngine

    async def start_due(self) -> None:
        """Index the answers that are not indexed yet."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            if await is_behind(connection):
                await note_share_codes(connection)
                await count_look_ups(connection)
                await index_answers(connection)
                await connection.commit()
