"""What tests share: one embedded PostgreSQL a worker, a migrated template, and a fresh database for each module."""

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from bulk import Bulk, Clock, bulk_of, by_a_clock
from chambers import Chambers, open_chambers
from compilers import HOME, TYPESCRIPT
from courtroom import Courtroom, open_courtroom
from executors import Executors
from house import House, open_house
from hypothesis import settings as hypothesis_settings
from import_files import clear
from library_served import Library, open_library
from oauth_clients import Service, SigningClient, in_process
from officers import add_officers
from sandboxes import Sandbox, open_sandbox
from served import Command
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.testclient import TestClient
from typed import Run, runner
from world import ISSUER, KEYRING, NOW, World

import nodejs
from auth.audiences import Audience
from auth.server.accounts import Password
from auth.server.token_client import ClientCredential, request_token
from casework.cards import find_wrong_cards, make_due_cards
from casework.transaction import get_write_engine
from commands.session import install_catalogue, with_engine
from demo.city.build import CitySummary, build_city
from demo.clients import DemoClient, register_clients
from demo.stage import LOOPBACK, open_socket, run_server, write_keys
from ingest.importing import import_file
from ingest.reference.catalogue import load_catalogue
from models.court import StaffRole
from models.keyring import Keyring, format_keyring, load_keyring
from models.terms import to_court_day
from postgres import database
from postgres.roles import create_login
from secret_file import create_secret
from server import create_app, get_utc_now
from settings import Settings

hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")

TEMPLATE = "suxin_template"
SERVICE_USER, SERVICE_PASSWORD = "suxin_service_of_tests", "as-in-tests"
CREATE = "create database {} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'"
numbers = itertools.count(1)


@contextmanager
def server_directory() -> Iterator[Path]:
    """A directory for a server. Another run of pytest would close pytest's own to the user that the server runs as."""
    with tempfile.TemporaryDirectory(prefix="suxin-test-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """A transaction may be idle for long: a busy machine is slow, and not wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "IDLE_SECONDS", 300)
        yield


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """The data directory of a test's own embedded server."""
    with server_directory() as directory:
        yield directory


@pytest.fixture(scope="session")
def postgres() -> Iterator[sa.URL]:
    """The maintenance URL of this worker's own embedded server, which loses everything if the machine fails."""
    with server_directory() as directory, database.run_embedded(directory) as url:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            _administer(url, f"ALTER SYSTEM SET {setting} = off")
        _administer(url, "SELECT pg_reload_conf()")
        yield url


def _administer(url: sa.URL, statement: str) -> None:
    engine = sa.create_engine(database.use_sync_driver(url), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def template(postgres: sa.URL) -> str:
    """The name of a migrated, empty database to copy."""
    _administer(postgres, CREATE.format(TEMPLATE))
    database.migrate(postgres.set(database=TEMPLATE))
    engine = database.make_sync_engine(postgres)
    with engine.begin() as connection:
        create_login(connection, SERVICE_USER, SERVICE_PASSWORD)
    engine.dispose()
    return TEMPLATE


def as_service(url: sa.URL) -> sa.URL:
    """The same database as the user of the service, who owns no table."""
    return url.set(username=SERVICE_USER, password=SERVICE_PASSWORD)


@pytest.fixture(scope="module")
def database_url(postgres: sa.URL, template: str) -> Iterator[sa.URL]:
    """A migrated database of this module's own."""
    name = f"suxin_test_{next(numbers)}"
    _administer(postgres, f"create database {name} template {template}")
    yield postgres.set(database=name)
    _administer(postgres, f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def empty_database(postgres: sa.URL) -> Iterator[sa.URL]:
    """A database of this module's own without any table."""
    name = f"suxin_empty_{next(numbers)}"
    _administer(postgres, CREATE.format(name))
    yield postgres.set(database=name)
    _administer(postgres, f"drop database {name} with (force)")


@pytest.fixture(scope="module")
async def library(empty_database: sa.URL) -> AsyncIterator[Library]:
    """A service by the engine alone, which knows nothing of courts, in a database of the module's own."""
    async with open_library(empty_database) as found:
        yield found


@pytest.fixture(scope="module")
def sync_engine(database_url: sa.URL) -> Iterator[sa.Engine]:
    """A synchronous engine on the module's database, as the OAuth threads use."""
    engine = database.make_sync_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
async def engine(database_url: sa.URL) -> AsyncIterator[AsyncEngine]:
    """The asynchronous engine that the service itself uses."""
    engine = database.make_async_engine(database_url, pool_size=4, statement_timeout=60)
    yield engine
    await engine.dispose()


@pytest.fixture
async def shipped(engine: AsyncEngine) -> AsyncIterator[None]:
    """The catalogue that ships, and nothing else; what a test brings in is gone afterwards."""
    async with engine.begin() as connection:
        await load_catalogue(connection)
    yield
    await clear(engine)


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that is rolled back when the test ends."""
    async with get_write_engine(engine).connect() as connection:
        yield connection
        await connection.rollback()


@pytest.fixture
async def room(connection: AsyncConnection) -> Courtroom:
    """Two courts with their staff, in the transaction of the test."""
    return await open_courtroom(connection)


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    """A fixed key ring, so that a failing test can be repeated."""
    return KEYRING


@pytest.fixture
async def service(sync_engine: sa.Engine, keyring: Keyring, tmp_path: Path) -> AsyncIterator[Service]:
    """The authorization server by itself, in process, with keys of its own."""
    async with in_process(sync_engine, keyring, tmp_path / "signing.json") as service:
        yield service


@pytest.fixture
def bank(service: Service) -> SigningClient:
    """A bank that is registered with it."""
    return service.register()


@pytest.fixture
async def house(service: Service, engine: AsyncEngine) -> House:
    """A court's client and one of its judges, in front of it."""
    async with engine.begin() as connection:
        await load_catalogue(connection)
    return open_house(service)


@pytest.fixture(scope="session")
def exports() -> Path:
    """The court's exports with the quirks of real files."""
    return Path(__file__).parent.parent / "examples" / "exports"


@dataclass(frozen=True)
class City:
    """A database to copy, with the sample exports and a small demo city in it."""

    database: str
    settings: Settings
    clients: Mapping[Audience, DemoClient]
    summary: CitySummary


@pytest.fixture(scope="session")
async def city(postgres: sa.URL, template: str, tmp_path_factory: pytest.TempPathFactory, exports: Path) -> City:
    """Built once a worker, as of the moment of every test."""
    settings = Settings(
        budget=0,
        data_dir=tmp_path_factory.mktemp("data"),
        issuer=ISSUER,
        request_timeout=60,
        statement_timeout=30,
        worker=False,
    )
    _administer(postgres, f"create database suxin_city template {template}")
    clients, summary = await build(postgres.set(database="suxin_city"), settings, exports, NOW)
    return City("suxin_city", settings, clients, summary)


def write_keyring(settings: Settings) -> None:
    """Write the keys that all tests share."""
    create_secret(settings.key_file, format_keyring(KEYRING))


async def build(
    url: sa.URL, settings: Settings, exports: Path, moment: datetime
) -> tuple[dict[Audience, DemoClient], CitySummary]:
    """Fill a migrated database: catalogue, clients, exports, and a small city as of `moment`."""
    write_keyring(settings)
    keyring = load_keyring(settings.key_file)
    engine = database.make_async_engine(url, pool_size=4, statement_timeout=60)
    async with engine.begin() as connection:
        await load_catalogue(connection)
    clients = _clients(url, moment)
    for format, file in EXPORTS.items():
        await import_file(engine, format, exports / file, keyring=keyring)
    primary_keys = {audience: client.primary_key for audience, client in clients.items()}
    summary = await build_city(
        engine, keyring, clients=primary_keys, scale=0.02, today=to_court_day(moment), progress=lambda *_: None
    )
    await make_due_cards(engine, to_court_day(moment))
    async with engine.begin() as connection:
        await connection.execute(WITHDRAW_A_THIRD)
    await engine.dispose()
    return clients, summary


WITHDRAW_A_THIRD = sa.text("INSERT INTO card_withdrawal (party_id) SELECT id FROM party WHERE id % 3 = 0")
"""So that answers about the city come from cards and from tables."""

EXPORTS = {
    "cases": "cases.csv",
    "shixin": "shixin.jsonl",
    "sanctions": "sanctions.csv",
    "certificates": "certificates.csv",
    "lenders": "lenders.csv",
}


def _clients(url: sa.URL, moment: datetime) -> dict[Audience, DemoClient]:
    engine = database.make_sync_engine(url)
    with engine.begin() as connection:
        clients = register_clients(connection, moment)
    engine.dispose()
    return clients


async def _find_wrong_cards(url: sa.URL) -> list[int]:
    """The parties whose cards were not withdrawn by some write of a module's tests."""
    engine = database.make_async_engine(url, pool_size=1, statement_timeout=60)
    async with engine.connect() as connection:
        wrong = await find_wrong_cards(connection)
    await engine.dispose()
    return wrong


@pytest.fixture(scope="module")
def database_copy(postgres: sa.URL, city: City) -> Iterator[sa.URL]:
    """A copy of the city that is this module's own."""
    name = f"suxin_world_{next(numbers)}"
    _administer(postgres, f"create database {name} template {city.database}")
    yield postgres.set(database=name)
    assert asyncio.run(_find_wrong_cards(postgres.set(database=name))) == []
    _administer(postgres, f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def world(city: City, database_copy: sa.URL) -> Iterator[World]:
    """The service over a copy of the city, at a moment that stands still.

    What it has known it asks the database again: at such a moment nothing that is trusted for some seconds expires.
    """
    app = create_app(replace(city.settings, token_trust=0), as_service(database_copy), lambda: NOW)
    engine = database.make_sync_engine(database_copy)
    with TestClient(app, base_url=ISSUER, raise_server_exceptions=False) as http:
        yield World(http, app, engine, city.clients)
    engine.dispose()


EACH_ANEW = httpx2.Limits(max_keepalive_connections=0)
"""Each request comes by a connection of its own, so that both workers answer some."""


@pytest.fixture(scope="module")
def serving(city: City, database_copy: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """The real command with two workers, on a copy of the city, as a user who owns no table. It tells what it logs."""
    url = as_service(database_copy).set(drivername="postgresql")
    environment = {
        "SUXIN_DATABASE_URL": url.render_as_string(hide_password=False),
        "SUXIN_DATA_DIR": str(city.settings.data_dir),
        "SUXIN_BUDGET": "0",
    }
    command = Command(environment, workers=2, said=tmp_path_factory.mktemp("serving") / "log")
    command.start()
    yield command
    command.stop()


@pytest.fixture(scope="module")
def served(serving: Command, city: City, database_copy: sa.URL) -> Iterator[World]:
    """The same city, asked over connections to both workers, and today."""
    engine = database.make_sync_engine(database_copy)
    with httpx2.Client(base_url=serving.origin, timeout=60, limits=EACH_ANEW) as http:
        client: Any = http  # of the same methods
        yield World(client, None, engine, city.clients, issuer=serving.origin, clock=time.time)
    engine.dispose()


@pytest.fixture(scope="module")
def staff(world: World) -> dict[StaffRole, Password]:
    """An account of each role at the demo court."""
    return add_officers(world)


@pytest.fixture
def signed_out(world: World) -> Iterator[None]:
    """Nobody is signed in, before and afterwards."""
    world.http.cookies.clear()
    yield
    world.http.cookies.clear()


@pytest.fixture(scope="module")
def loaders_world(world: World, city: City, database_copy: sa.URL) -> Iterator[World]:
    """The same service over the same database, answering by loaders."""
    app = create_app(replace(city.settings, executor="loaders"), as_service(database_copy), lambda: NOW)
    with TestClient(app, base_url=ISSUER, raise_server_exceptions=False) as http:
        yield replace(world, http=http, app=app)


@pytest.fixture(scope="module")
def executors(world: World, loaders_world: World) -> Executors:
    """Both executors over one copy of the city."""
    return Executors(world, loaders_world)


@pytest.fixture(scope="module")
def chambers(database_url: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chambers]:
    """Two courts at work over HTTP, in a database of the module's own."""
    with open_chambers(database_url, tmp_path_factory.mktemp("chambers")) as found:
        yield found


@pytest.fixture(scope="module")
def turned(world: World, city: City, database_copy: sa.URL) -> Iterator[tuple[World, Clock]]:
    """The service by a clock that a test may turn."""
    with by_a_clock(world, city.settings, database_copy) as found:
        yield found


@pytest.fixture
async def bulk(turned: tuple[World, Clock], city: City, database_copy: sa.URL) -> AsyncIterator[Bulk]:
    """Its bulk operations."""
    async with bulk_of(*turned, city.settings, database_copy) as found:
        yield found


@dataclass(frozen=True)
class Instance:
    """A served instance of today: foreign clients look at the real clock. keys: the folder of the clients' keys."""

    address: str
    clients: Mapping[Audience, DemoClient]
    keys: Path

    def token(self, audience: Audience) -> str:
        """An access token of the demo client of an audience."""
        client = self.clients[audience]
        with httpx2.Client() as http:
            credential = ClientCredential(self.address, client.client_id, dict(client.key))
            return str(request_token(credential, http, time.time())["access_token"])


@pytest.fixture(scope="module")
async def instance(
    database_url: sa.URL, tmp_path_factory: pytest.TempPathFactory, exports: Path
) -> AsyncIterator[Instance]:
    """A city of today behind a real server on a free port, which waits for a slow machine."""
    place = tmp_path_factory.mktemp("data")
    settings = Settings(data_dir=place, webhook_networks=(LOOPBACK,), request_timeout=60, statement_timeout=30)
    clients, _ = await build(database_url, settings, exports, get_utc_now())
    keys = settings.data_dir / "clients"
    dict(write_keys(clients, keys))
    with open_socket(0) as (listener, address):
        app = create_app(replace(settings, issuer=address), database_url)
        with run_server(app, listener):
            yield Instance(address, clients, keys)


@pytest.fixture(scope="module")
def sandbox(database_url: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of today behind a real server on a free port."""
    with open_sandbox(database_url, tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture(scope="module")
def empty_copy(postgres: sa.URL, template: str) -> Iterator[sa.URL]:
    """Another migrated database, with the shipped catalogue."""
    name = f"suxin_second_{next(numbers)}"
    _administer(postgres, f"create database {name} template {template}")
    asyncio.run(with_engine(postgres.set(database=name), install_catalogue))
    yield postgres.set(database=name)
    _administer(postgres, f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def node() -> None:
    """The packages that tests run on Node.js are there."""
    nodejs.install([HOME, TYPESCRIPT])


@pytest.fixture(scope="module")
def installed(database_url: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Settings of an installation: this module's database with the shipped catalogue, and a directory for its keys."""
    asyncio.run(with_engine(database_url, install_catalogue))
    settings = Settings(data_dir=tmp_path_factory.mktemp("installed"))
    write_keyring(settings)
    address = database_url.render_as_string(hide_password=False)
    return {"SUXIN_DATABASE_URL": address, "SUXIN_DATA_DIR": str(settings.data_dir)}


@pytest.fixture
def run(installed: Mapping[str, str]) -> Run:
    """Run a command of this module's installation."""
    return runner(installed)
