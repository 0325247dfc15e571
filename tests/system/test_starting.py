"""What no command does: start on a database that is missing, of another version, read-only, or sealed by other keys."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from typed import Run, runner

from commands.exits import ExitCode
from postgres import database, release
from secret_file import create_secret

Altered = Callable[[str, str], AbstractContextManager[None]]
READING = (("catalogue", "show"), ("client", "list"), ("staff", "list"), ("vocabulary", "show"))
NEEDING_KEYS = (("worker",), ("serve", "--port", "1"))
REMEDY = "Restore the identity.json that belongs to this database to {keys}."


@pytest.fixture
def imported(run: Run, exports: Path, tmp_path: Path) -> None:
    """Numbers that the installation's keys have sealed."""
    done = run("import", "lenders", exports / "lenders.csv", "--rejects", tmp_path / "rejects.csv")
    assert done.exit_code in {0, 2}, done.output


@pytest.fixture
def altered(sync_engine: sa.Engine) -> Altered:
    """Executes a statement while a context lasts, and then another one."""

    @contextmanager
    def alter(statement: str, back: str) -> Iterator[None]:
        _execute(sync_engine, statement)
        yield
        _execute(sync_engine, back)

    return alter


def _execute(engine: sa.Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text(statement))


@pytest.mark.parametrize("command", [*READING, ("migrate",), ("worker",), ("import", "lenders", "lenders.csv")])
def test_no_command_creates_a_database(tmp_path: Path, command: tuple[str, ...]) -> None:
    directory = tmp_path / "absent"
    done = runner({"SUXIN_DATA_DIR": str(directory)})(*command)
    assert (done.exit_code, done.stdout) == (ExitCode.NO_DATABASE, "")
    assert f"There is no database in {directory}. Create one with `suxin setup`" in done.stderr
    assert not directory.exists()


def test_the_database_is_named_on_standard_error(run: Run, installed: Mapping[str, str]) -> None:
    url = sa.make_url(installed["SUXIN_DATABASE_URL"])
    done = run("client", "list")
    assert done.stderr == f"Database: {url.render_as_string()}\n"
    assert "***" in done.stderr
    assert str(url.password) not in done.output


HEAD = database.list_revisions()[0]
REVISION = "UPDATE alembic_version SET version_num = '{}'"


@pytest.mark.parametrize("command", [*READING, *NEEDING_KEYS])
def test_an_older_database_is_not_migrated_by_the_way(run: Run, altered: Altered, command: tuple[str, ...]) -> None:
    with altered(REVISION.format("0035"), REVISION.format(HEAD)):
        done = run(*command)
    assert done.exit_code == ExitCode.VERSION
    assert (
        f"The database is at revision 0035; {HEAD} is the newest. Run `suxin migrate`, with a backup at hand."
        in done.stderr
    )


COMMENT = "COMMENT ON TABLE alembic_version IS "


@pytest.mark.parametrize("command", [("client", "list"), ("migrate",)])
def test_a_newer_database_is_left_alone_and_its_release_named(
    run: Run, altered: Altered, command: tuple[str, ...]
) -> None:
    ours = release.get_name()
    with (
        altered(REVISION.format("9999"), REVISION.format(HEAD)),
        altered(f"{COMMENT} 'Suxin 99.1.0'", f"{COMMENT} '{ours}'"),
    ):
        done = run(*command)
    assert done.exit_code == ExitCode.VERSION
    text = f"The database is at revision 9999, which this {ours} does not know. Suxin 99.1.0 migrated it."
    assert f"{text} Install Suxin 99.1.0, or a newer one." in done.stderr


def test_a_newer_database_that_does_not_name_its_release(run: Run, altered: Altered) -> None:
    with (
        altered(REVISION.format("9999"), REVISION.format(HEAD)),
        altered(f"{COMMENT} NULL", f"{COMMENT} '{release.get_name()}'"),
    ):
        done = run("client", "list")
    assert (done.exit_code, "Install the Suxin that migrated it" in done.stderr) == (ExitCode.VERSION, True)


@pytest.mark.parametrize("command", [("client", "list"), ("migrate",), ("serve", "--port", "1")])
def test_an_empty_database_is_not_filled(empty_database: sa.URL, tmp_path: Path, command: tuple[str, ...]) -> None:
    """A forgotten or wrong address is no reason to make another register."""
    address = empty_database.render_as_string(hide_password=False)
    done = runner({"SUXIN_DATABASE_URL": address, "SUXIN_DATA_DIR": str(tmp_path)})(*command)
    assert done.exit_code == ExitCode.NO_DATABASE
    assert "The database is empty. Fill it with `suxin setup`." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_takes_no_writes_is_named(run: Run, altered: Altered, database_url: sa.URL) -> None:
    change = f"ALTER DATABASE {database_url.database} "
    setting = "default_transaction_read_only"
    with altered(f"{change} SET {setting} = on", f"SET TRANSACTION READ WRITE; {change} RESET {setting}"):
        done = run("client", "list")
    assert (done.exit_code, "Transactions are read-only." in done.stderr) == (ExitCode.READ_ONLY, True)


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("command", [*NEEDING_KEYS, ("import", "lenders", "lenders.csv")])
def test_without_its_keys_nothing_starts(
    installed: Mapping[str, str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    """New keys would find nobody, and the next import would enter everybody a second time."""
    keys = tmp_path / "empty" / "keys" / "identity.json"
    done = runner({**installed, "SUXIN_DATA_DIR": str(tmp_path / "empty")})(*command)
    assert done.exit_code == ExitCode.KEYS
    said = f"The database holds numbers that were sealed by keys that are not here. {REMEDY.format(keys=keys)}"
    assert said in done.stderr
    assert not keys.exists()


@pytest.mark.usefixtures("imported")
def test_with_other_keys_nothing_starts(installed: Mapping[str, str], tmp_path: Path) -> None:
    keys = tmp_path / "keys" / "identity.json"
    create_secret(keys, '{"sealing": ["' + "00" * 32 + '"], "indexing": ["' + "11" * 32 + '"]}')
    done = runner({**installed, "SUXIN_DATA_DIR": str(tmp_path)})("worker")
    assert done.exit_code == ExitCode.KEYS
    said = f"The key ring does not open the numbers that the database holds. {REMEDY.format(keys=keys)}"
    assert said in done.stderr


CHECKPOINT = (
    "INSERT INTO log_checkpoint (size, root, signed_at, note, epoch, snapshot)"
    " VALUES (1, decode(repeat('00', 32), 'hex'), now(), 'signed', 1, '1:1:')"
)


@pytest.mark.parametrize("command", NEEDING_KEYS)
def test_a_log_is_not_begun_again_with_another_key(
    run: Run, altered: Altered, installed: Mapping[str, str], command: tuple[str, ...]
) -> None:
    keys = Path(installed["SUXIN_DATA_DIR"]) / "keys" / "log.json"
    with altered(CHECKPOINT, "SET LOCAL session_replication_role = replica; DELETE FROM log_checkpoint"):
        done = run(*command)
    assert done.exit_code == ExitCode.KEYS
    said = "The transparency log was signed by a key that is not here. Restore the log.json that belongs to this"
    assert f"{said} database to {keys}." in done.stderr
    assert not keys.exists()
