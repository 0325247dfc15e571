"""What tests share: one embedded PostgreSQL a worker, a migrated template, and a fresh database for each module."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

import database
from models.keyring import Keyring

TEMPLATE = "suxin_template"
numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.URL]:
    """The maintenance URL of this worker's own embedded server."""
    with database.embedded(tmp_path_factory.mktemp("postgres")) as url:
        yield url


def _administer(url: sa.URL, statement: str) -> None:
    engine = sa.create_engine(database.driver(url), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def template(postgres: sa.URL) -> str:
    """The name of a migrated, empty database to copy."""
    _administer(
        postgres, f"create database {TEMPLATE} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'"
    )
    database.migrate(postgres.set(database=TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="module")
def database_url(postgres: sa.URL, template: str) -> Iterator[sa.URL]:
    """A migrated database of this module's own."""
    name = f"suxin_test_{next(numbers)}"
    _administer(postgres, f"create database {name} template {template}")
    yield postgres.set(database=name)
    _administer(postgres, f"drop database {name} with (force)")


@pytest.fixture
async def engine(database_url: sa.URL) -> AsyncIterator[AsyncEngine]:
    """The asynchronous engine that the service itself uses."""
    engine = database.async_engine(database_url, pool_size=4, statement_timeout=10)
    yield engine
    await engine.dispose()


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that is rolled back when the test ends."""
    async with engine.connect() as connection:
        yield connection
        await connection.rollback()


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    """A fixed key ring, so that a failing test can be repeated."""
    return Keyring(sealing=(b"s" * 32,), indexing=(b"i" * 32,))


@pytest.fixture(scope="session")
def exports() -> Path:
    """The court's exports with the quirks of real files."""
    return Path(__file__).with_name("data") / "exports"
