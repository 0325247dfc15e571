"""What a process of `suxin serve` does before it serves or works: make sure that the database is one to work on."""

import asyncio
import logging
import os
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

import server
from commands.exits import get_exit_code
from commands.session import EXPECTED, check_fitness
from postgres import database
from postgres.reaching import is_away, touch
from settings import Settings

log = logging.getLogger("suxin.server")


def create_worker() -> Any:
    """Create the application of a serving process."""
    return server.create_worker(partial(ensure_fitness, Settings.from_environment()))


async def ensure_fitness(settings: Settings, engine: AsyncEngine) -> None:
    """Check what every start checks. Raises what says that the database is away; what else is wrong is logged and ends
    the process with its exit code, at once: it has nothing to finish."""
    try:
        await touch(database.make_connection_options(engine.url))
        await asyncio.to_thread(_reach, settings)
        await check_fitness(engine, settings, keys=True, signs=True)
    except EXPECTED as error:
        if is_away(error):
            raise
        log.error("%s", error)
        logging.shutdown()
        os._exit(get_exit_code(error))


def _reach(settings: Settings) -> None:
    with database.open_database(settings):
        pass
