"""The register of clients, as commands open it."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from auth.administration.security_events import Happening
from commands.configuration import read_settings
from commands.operating import record_refusal
from commands.session import explain_errors, use_database
from postgres import database
from settings import Settings


@contextmanager
def open_register(attempt: Happening | None = None, *, keys: bool = False) -> Iterator[tuple[sa.Connection, Settings]]:
    """A transaction on the migrated database. attempt: what is recorded if it is refused. keys: whether the key ring is
    used."""
    with explain_errors():
        settings = read_settings()
        with use_database(settings, keys=keys) as url, record_refusal(url, attempt):
            engine = database.make_sync_engine(url)
            try:
                with engine.begin() as connection:
                    yield connection, settings
            finally:
                engine.dispose()
