"""Makes the readings of names in pinyin, by which staff search."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncEngine

from casework.name_readings import read_names, start_sweeps
from casework.sweep import ALL, Sweep
from casework.transaction import get_write_engine
from jobs.loop import Job


@dataclass(kw_only=True)
class NameReader(Job):
    """Looks for names without a reading every second, in turns."""

    logger: ClassVar[logging.Logger] = logging.getLogger("suxin.names")
    waits: ClassVar[str] = "the readings of names wait"
    engine: AsyncEngine
    sweeps: Mapping[str, Sweep] = field(default_factory=lambda: start_sweeps(ALL))

    async def start_due(self) -> None:
        """Make the readings of the next names that have none."""
        async with get_write_engine(self.engine).begin() as connection:
            await read_names(connection, self.sweeps)
