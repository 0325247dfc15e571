"""`suxin setup`: an installation in one command, which can be run again."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from typed import Run, runner

import settings_file
from commands.exits import ExitCode
from postgres import database
from settings import Settings

NAME = "suxin_of_setup"
Dropped = Callable[[], None]


def written(file: Path) -> Mapping[str, str]:
    return settings_file.read(file)


def text(url: sa.URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`suxin setup` for a file of the test's own, without settings in the environment."""
    for name in (*Settings.__dataclass_fields__,):
        monkeypatch.delenv(f"SUXIN_{name.upper()}", raising=False)
    return lambda *arguments: runner({})("--config", tmp_path / "suxin.env", "setup", *arguments)


@pytest.fixture
def admin(postgres: sa.URL) -> Iterator[sa.URL]:
    """The administrator of a server of the court's own, with what a setup creates dropped afterwards."""
    yield postgres
    with administered(postgres) as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)"))
        connection.execute(sa.text(f"DROP ROLE IF EXISTS {NAME}_owner, {NAME}_app"))


@contextmanager
def administered(url: sa.URL) -> Iterator[sa.Connection]:
    engine = sa.create_engine(database.use_sync_driver(url), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_every_default_and_again(setup: Run, tmp_path: Path, data_dir: Path) -> None:
    first = setup("--data-dir", data_dir / "data", "--yes")
    assert first.exit_code == 0, first.output
    file, settings = tmp_path / "suxin.env", Settings(data_dir=data_dir / "data")
    assert written(file) == {"SUXIN_DATA_DIR": str(settings.data_dir), "SUXIN_ISSUER": "http://127.0.0.1:8000"}
    assert file.stat().st_mode & 0o777 == 0o600
    copy = data_dir / "data-keys"
    assert {one.name: one.read_text() for one in copy.iterdir()} == {
        one.name: one.read_text() for one in (settings.key_file, settings.signing_key_file, settings.log_key_file)
    }
    assert f"Copy of the keys: {copy}. They are on the same disk" in first.stdout
    assert "suxin import cases FILE.csv --court CODE\n" in first.stdout
    assert first.stderr == f"Database: embedded in {settings.data_dir} (settings: {file})\n"
    again = setup("--yes")
    assert (again.exit_code, again.stdout) == (0, first.stdout)


def test_a_court_s_own_server(setup: Run, admin: sa.URL, tmp_path: Path, exports: Path) -> None:
    """The administrator's URL makes the users and the database, and is not kept; then the court's files go in."""
    given = ("--issuer", "https://suxin.court.example", "--court", "浙0281", "--keys-copy", tmp_path / "keys")
    done = setup("--admin-url", text(admin), "--database-name", NAME, "--data-dir", tmp_path / "data", *given)
    assert done.exit_code == 0, done.output
    found = written(tmp_path / "suxin.env")
    service, owner = (sa.make_url(found[name]) for name in ("SUXIN_DATABASE_URL", "SUXIN_OWNER_URL"))
    assert (service.username, owner.username) == (f"{NAME}_app", f"{NAME}_owner")
    assert (service.database, found["SUXIN_ISSUER"]) == (NAME, "https://suxin.court.example")
    assert str(admin.password) not in (tmp_path / "suxin.env").read_text() + done.output
    assert str(service.password) not in done.output
    assert "--court 浙0281" in done.stdout
    config = ("--config", tmp_path / "suxin.env")
    brought = runner({})(*config, "import", "lenders", exports / "lenders.csv", "--rejects", tmp_path / "rejects.csv")
    assert brought.exit_code in {0, 2}, brought.output
    told = f"Database: {service.render_as_string()} (settings: {tmp_path / 'suxin.env'})\n"
    assert brought.stderr.startswith(told)
    with administered(service) as connection, pytest.raises(sa.exc.ProgrammingError, match="must be owner"):
        connection.execute(sa.text("DROP TABLE access_answer"))
    second = runner({})(
        "--config", tmp_path / "other.env", "setup", "--admin-url", text(admin), "--database-name", NAME, *given
    )
    assert (second.exit_code, f"There is the user {NAME}_owner and " in second.stderr) == (ExitCode.REFUSED, True)
    assert not (tmp_path / "other.env").exists()


def test_what_it_asks(setup: Run, tmp_path: Path, data_dir: Path) -> None:
    """Database, public address, second place, court."""
    answers = f"\nhttps://suxin.court.example\n{tmp_path / 'medium'}\n浙0281\n"
    arguments = ["--config", str(tmp_path / "suxin.env"), "setup", "--data-dir", str(data_dir / "data")]
    done = runner({}, answers)(*arguments)
    assert done.exit_code == 0, done.output
    assert written(tmp_path / "suxin.env")["SUXIN_ISSUER"] == "https://suxin.court.example"
    assert (tmp_path / "medium" / "identity.json").exists()
    assert "--court 浙0281" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--keys-copy", "{data}/copy"), ExitCode.REFUSED, "lies in the data directory"),
        (("--issuer", "http://suxin.court.example"), ExitCode.SETTINGS, "SUXIN_ISSUER must use https"),
        (("--database-url", "postgresql://u:p@ss@db/suxin"), ExitCode.SETTINGS, "write it percent-encoded"),
        (("--admin-url", "postgresql://u:pw@127.0.0.1:1/postgres"), ExitCode.AWAY, "Check --admin-url."),
        (("--admin-url", "mysql://u@db/x"), ExitCode.SETTINGS, "must look like postgresql://"),
        (("--admin-url", "postgresql://u:pw@db/x", "--database-name", "x; y"), ExitCode.REFUSED, "small letters"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    setup: Run, tmp_path: Path, arguments: tuple[str, ...], code: ExitCode, sentence: str
) -> None:
    data = tmp_path / "data"
    done = setup("--data-dir", data, "--yes", *(one.format(data=data) for one in arguments))
    assert (done.exit_code, sentence in done.stderr, "Traceback" in done.output) == (code, True, False), done.output
    assert list(tmp_path.iterdir()) == []


def test_an_option_that_contradicts_the_file_is_refused(setup: Run, tmp_path: Path) -> None:
    (tmp_path / "suxin.env").write_text("SUXIN_ISSUER=https://suxin.court.example\n")
    done = setup("--issuer", "https://other.court.example", "--yes")
    assert (done.exit_code, "differs in SUXIN_ISSUER" in done.stderr) == (ExitCode.REFUSED, True)


def test_a_place_that_cannot_be_written_to(setup: Run, tmp_path: Path, data_dir: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("in the way")
    done = setup("--data-dir", data_dir / "data", "--keys-copy", occupied / "keys", "--yes")
    assert (done.exit_code, "cannot be written to" in done.stderr) == (ExitCode.PLACE, True), done.output


@pytest.mark.parametrize(
    "court", [("--court", "浙0106"), ("--court", "浙0106", "--court-name", "杭州市西湖区人民法院")]
)
def test_a_court_that_is_not_in_the_catalogue_needs_its_name(
    run: Run, installed: Mapping[str, str], tmp_path: Path, court: tuple[str, ...]
) -> None:
    """Into a database that is there already, with its keys."""
    done = run("--config", tmp_path / "suxin.env", "setup", "--keys-copy", tmp_path / "keys", "--yes", *court)
    named = "--court-name" in court
    assert (done.exit_code, "with its full name as --court-name" in done.stderr) == (1 - named, not named), done.output
    assert written(tmp_path / "suxin.env")["SUXIN_DATABASE_URL"] == installed["SUXIN_DATABASE_URL"]
