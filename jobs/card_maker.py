"""Makes the cards of parties that have none, and of those whose card was withdrawn."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncEngine

from casework.cards import WINDOW, find_due_cards, make_cards
from casework.sweep import ALL, Sweep
from jobs.loop import Job
from models.terms import to_court_day


@dataclass(kw_only=True)
class CardMaker(Job):
    """Makes what is due every second, and sweeps through the parties in turns. now: the clock."""

    logger: ClassVar[logging.Logger] = logging.getLogger("suxin.cards")
    waits: ClassVar[str] = "the cards of parties wait"
    engine: AsyncEngine
    now: Callable[[], datetime]
    sweep: Sweep = field(default_factory=lambda: Sweep(WINDOW, ALL))

    async def start_due(self) -> None:
        """Make the cards that are due, and go on with the sweep."""
        day = to_court_day(self.now())
        due, _ = await find_due_cards(self.engine, day, self.sweep)
        await make_cards(self.engine, due, day)
