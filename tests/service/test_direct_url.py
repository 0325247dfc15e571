"""The direct URL: what needs a session of its own goes by it, and nothing else does."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import City
from served import Command, wait_until
from typed import runner
from world import World

from postgres import database
from postgres.errors import DatabaseError
from postgres.locks import Lock
from settings import Settings

POOLED, DIRECT = "pooled", "direct"
LISTENING = sa.text(  # the service of the other tests listens, too, by names of its own
    "SELECT application_name FROM pg_stat_activity WHERE datname = current_database()"
    " AND query SIMILAR TO '%(LISTEN |pg_listening_channels|pg_notify|AND pid = pg_backend_pid)%'"
    " AND application_name IN ('pooled', 'direct')"
)
LEADING = sa.text(
    "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND granted AND objid = :lock AND datname = current_database()"
)
NAMES = sa.text(
    "SELECT DISTINCT application_name FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
NOTE = (
    "CREATE TABLE seen_by (name text)",
    "CREATE FUNCTION note_name() RETURNS trigger LANGUAGE plpgsql AS $$"
    " BEGIN INSERT INTO seen_by VALUES (current_setting('application_name')); RETURN NULL; END $$",
    "CREATE TRIGGER note_name AFTER INSERT ON import_run EXECUTE FUNCTION note_name()",
)


def called(url: sa.URL, name: str) -> sa.URL:
    """A URL whose sessions have a name."""
    return url.set(drivername="postgresql", query={**url.query, "application_name": name})


def text(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture
def both(database_url: sa.URL) -> Settings:
    """The module's database by two URLs that differ in the name of their sessions."""
    pooled, direct = (text(called(database_url, name)) for name in (POOLED, DIRECT))
    return Settings(database_url=pooled, direct_url=direct)


def names(engine: sa.Engine, statement: sa.TextClause, **bound: int) -> Sequence[str]:
    with engine.connect() as connection:
        return connection.scalars(statement, bound).all()


@contextmanager
def serving(city: City, pooled: sa.URL, **more: str) -> Iterator[Command]:
    command = Command({"SUXIN_DATABASE_URL": text(pooled), "SUXIN_DATA_DIR": str(city.settings.data_dir), **more})
    command.start()
    yield command
    command.stop()


def test_a_service_listens_and_leads_by_the_direct_url(world: World, city: City) -> None:
    pooled, direct = (called(world.engine.url, name) for name in (POOLED, DIRECT))
    with serving(city, pooled, SUXIN_DIRECT_URL=text(direct)):
        wait_until(lambda: names(world.engine, LISTENING) == [DIRECT] * 3)  # events, revocations, and the worker's
        assert names(world.engine, LEADING, lock=Lock.LEADERSHIP) == [DIRECT]
        assert POOLED in names(world.engine, NAMES)


def test_without_a_direct_url_there_is_one_url(world: World, city: City) -> None:
    with serving(city, called(world.engine.url, POOLED)):
        wait_until(lambda: names(world.engine, LISTENING) == [POOLED] * 3)
        assert names(world.engine, LEADING, lock=Lock.LEADERSHIP) == [POOLED]


def test_imports_and_migrations_go_by_the_direct_url(
    both: Settings, sync_engine: sa.Engine, exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated, migrate = list[sa.URL](), database.migrate

    def noted(url: sa.URL) -> None:
        migrated.append(url)
        migrate(url)

    monkeypatch.setattr("postgres.database.migrate", noted)
    with sync_engine.begin() as connection:
        for statement in NOTE:
            connection.execute(sa.text(statement))
    environment = {
        "SUXIN_DATABASE_URL": both.database_url or "",
        "SUXIN_DIRECT_URL": both.direct_url or "",
        "SUXIN_DATA_DIR": str(tmp_path),
    }
    assert runner(environment)("migrate").exit_code == 0
    done = runner(environment)("import", "lenders", exports / "lenders.csv", "--rejects", tmp_path / "rejects.csv")
    assert done.exit_code in {0, 2}, done.output
    assert names(sync_engine, sa.text("SELECT name FROM seen_by")) == [DIRECT]
    assert [url.query["application_name"] for url in migrated] == [DIRECT]


def test_a_direct_url_to_another_database_is_refused(both: Settings, postgres: sa.URL) -> None:
    settings = replace(both, direct_url=text(postgres))
    with pytest.raises(DatabaseError) as caught, database.open_database(settings):
        pass
    assert str(caught.value) == (
        "SUXIN_DIRECT_URL leads to another database than SUXIN_DATABASE_URL. "
        "Check SUXIN_DIRECT_URL, or unset it to use SUXIN_DATABASE_URL."
    )


def test_a_direct_url_where_nobody_answers_is_refused(both: Settings) -> None:
    settings = replace(both, direct_url="postgresql://suxin:hunter2@127.0.0.1:1/suxin")
    with pytest.raises(DatabaseError) as caught, database.open_database(settings):
        pass
    assert str(caught.value).startswith("No PostgreSQL answers at postgresql://suxin:***@127.0.0.1:1/suxin: ")
    assert str(caught.value).endswith("Check SUXIN_DIRECT_URL, or unset it to use SUXIN_DATABASE_URL.")


def test_a_direct_url_that_cannot_be_read_is_named(both: Settings) -> None:
    settings = replace(both, direct_url="postgresql://u:hunter2@h:port/d")
    with pytest.raises(DatabaseError) as caught, database.open_database(settings):
        pass
    assert str(caught.value).startswith("SUXIN_DIRECT_URL cannot be read")
    assert "hunter2" not in str(caught.value)


def test_an_account_without_rights_may_compare_the_two(both: Settings, sync_engine: sa.Engine) -> None:
    with sync_engine.begin() as connection:
        connection.execute(sa.text("CREATE ROLE suxin_plain LOGIN PASSWORD 'plain'"))
    try:
        plain = sync_engine.url.set(username="suxin_plain", password="plain")
        settings = replace(both, database_url=text(called(plain, POOLED)), direct_url=text(called(plain, DIRECT)))
        with database.open_database(settings) as url:
            assert url.query["application_name"] == POOLED
    finally:
        with sync_engine.begin() as connection:
            connection.execute(sa.text("DROP ROLE suxin_plain"))


async def test_a_url_names_its_sessions(both: Settings) -> None:
    url = database.read_url(both.direct_url or "")
    connection = await database.connect(url, {"application_name": "ours", "jit": "off"})
    assert await connection.fetchval("SHOW application_name") == DIRECT
    assert await connection.fetchval("SHOW jit") == "off"
    await connection.close()
    engine = database.make_async_engine(url, pool_size=1, statement_timeout=10)
    async with engine.connect() as pooled:
        assert (await pooled.execute(sa.text("SHOW application_name"))).scalar_one() == DIRECT
    await engine.dispose()
