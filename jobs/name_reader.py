"""Makes the readings of names in pinyin, by which staff search."""

import logging
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncEngine

from casework.name_readings import read_names
from casework.transaction import get_write_engine
from jobs.loop import Job


@dataclass(kw_only=True)
class NameReader(Job):
    """Sweeps through the names every second."""

    logger: ClassVar[logging.Logger] = logging.getLogger("suxin.names")
    waits: ClassVar[str] = "the readings of names wait"
    engine: AsyncEngine
    after: int = 0

    async def start_due(self) -> None:
        """Make the readings of the next names that have none."""
        async with get_write_engine(self.engine).begin() as connection:
            self.after = await read_names(connection, self.after)
