"""Waiting for a database that is away: with those who cannot do without it, and without ending."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

from postgres.errors import DatabaseAwayError, is_unreachable

PAUSE_SECONDS = 0.25
TOLD_SECONDS = 60.0
"""How often the database is asked for, and how often the log says so."""

log = logging.getLogger("suxin.database")


async def wait_for_database(
    attempt: Callable[[], Awaitable[None]], tell: Callable[[str], None] = lambda _: None
) -> None:
    """Attempt until the database is there. tell: is given the reason of each failure, which names no address.

    Raises what `attempt` raises, unless the database is away.
    """
    told = float("-inf")
    tell("The database has not answered yet.")
    while True:
        try:
            await attempt()
        except Exception as error:
            if not is_away(error):
                raise
            tell(f"The database does not answer: {describe(error)}.")
            if monotonic() - told > TOLD_SECONDS:
                log.warning("the database is waited for: %s", describe(error))
                told = monotonic()
        else:
            if told > 0:
                log.info("the database is there")
            return
        await asyncio.sleep(PAUSE_SECONDS)


def is_away(error: BaseException) -> bool:
    """Return whether no server answers, or none takes connections at present."""
    return isinstance(error, DatabaseAwayError) or is_unreachable(error)


def describe(error: BaseException) -> str:
    """Return the kind of an error of connecting: its message may contain an address."""
    return type(error.__cause__ or error).__name__
