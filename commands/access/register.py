"""The register of clients, as commands open it."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from commands.configuration import read_settings
from commands.session import explain_errors, use_database
from postgres import database
from settings import Settings


@contextmanager
def open_register(*, keys: bool = False) -> Iterator[tuple[sa.Connection, Settings]]:
    """A transaction on the migrated database. keys: whether the key ring is used."""
    with explain_errors():
        settings = read_settings()
        with use_database(settings, keys=keys) as url:
            engine = database.make_sync_engine(url)
            try:
                with engine.begin() as connection:
                    yield connection, settings
            finally:
                engine.dispose()
