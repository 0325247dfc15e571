"""A bounded queue for password checks: each takes 64 MiB and 0.1 seconds of a core."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import anyio

MOST_WAITING = 16
SECONDS = 0.2
"""How long a check takes on a busy machine."""

Answer = TypeVar("Answer")


class QueueFullError(Exception):
    """Too many passwords wait to be checked. retry_after: seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


@dataclass
class PasswordQueue:
    """Checks one password at a time, in a thread, while at most `MOST_WAITING` wait.

    pending: the checks that run or wait. The limiter does not know those that are about to wait.
    """

    limiter: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))
    pending: int = 0

    async def run(self, check: Callable[[], Answer]) -> Answer:
        """Return the result of a check. Raises QueueFullError at once if too many wait."""
        if self.pending > MOST_WAITING:
            raise QueueFullError(math.ceil(self.pending * SECONDS))
        self.pending += 1
        try:
            return await anyio.to_thread.run_sync(check, limiter=self.limiter)
        finally:
            self.pending -= 1
