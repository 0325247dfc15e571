"""`suxin backup` and `suxin restore`: the same rows and keys in another place, or a sentence and nothing changed."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from conftest import CREATE, City
from psycopg import sql
from typed import OPERATOR, Run, runner, told_by

from commands.backup.contents import DESCRIPTION
from commands.backup.keys import seal
from commands.backup.tools import connect
from commands.exits import ExitCode
from models.security_event import SecurityAct
from postgres import database

EMPTY = "suxin_restored"


@dataclass(frozen=True)
class Shelf:
    """A backup of the city, and what reads it."""

    backup: Path
    keys: Path
    passphrase: Path
    url: sa.URL

    def name(self) -> tuple[str | Path, ...]:
        """The arguments that name it."""
        return self.backup, "--keys", self.keys, "--passphrase-file", self.passphrase

    def restorer(self, data_dir: Path, url: sa.URL | None = None) -> Run:
        """An installation to restore into. url: of its database; by default that of the backed-up one."""
        address = (url or self.url).set(drivername="postgresql").render_as_string(hide_password=False)
        return runner({"SUXIN_DATABASE_URL": address, "SUXIN_DATA_DIR": str(data_dir)})


@pytest.fixture(scope="module")
def shelf(database_copy: sa.URL, city: City, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    place = tmp_path_factory.mktemp("shelf")
    data_dir = place / "data"
    (data_dir / "keys").mkdir(parents=True)
    shutil.copy(city.settings.key_file, data_dir / "keys")
    made = Shelf(place / "backup", place / "vault.jwe", place / "passphrase", database_copy)
    made.passphrase.write_text("correct horse battery staple\n")
    ran = made.restorer(data_dir)("--operator", OPERATOR, "backup", *made.name())
    assert ran.exit_code == 0, ran.output
    return made


@pytest.fixture
def empty(postgres: sa.URL) -> Iterator[sa.URL]:
    engine = sa.create_engine(database.use_sync_driver(postgres), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(CREATE.format(EMPTY)))
        yield postgres.set(database=EMPTY)
        connection.execute(sa.text(f"drop database {EMPTY} with (force)"))


def test_a_restored_installation_has_the_same_rows_and_opens_its_numbers(
    shelf: Shelf, empty: sa.URL, city: City, tmp_path: Path
) -> None:
    ran = shelf.restorer(tmp_path, empty)("--operator", OPERATOR, "restore", *shelf.name())
    assert ran.exit_code == 0, ran.output
    here = f"directory {shelf.backup}"
    for url, act in ((shelf.url, SecurityAct.BACKED_UP), (empty, SecurityAct.RESTORED)):
        engine = sa.create_engine(database.use_sync_driver(url), poolclass=sa.NullPool)
        assert told_by(engine, act) == [here]
    assert "The key ring opens what the database holds." in ran.output
    assert (tmp_path / "keys" / "identity.json").read_text() == city.settings.key_file.read_text()
    assert (tmp_path / "keys" / "identity.json").stat().st_mode & 0o777 == 0o600


def test_nothing_that_exists_is_overwritten(shelf: Shelf, empty: sa.URL, tmp_path: Path) -> None:
    full = shelf.restorer(tmp_path)("restore", *shelf.name())
    assert (full.exit_code, "restore into an empty one" in full.output) == (ExitCode.REFUSED, True), full.output
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "identity.json").write_text("{}")
    other = shelf.restorer(tmp_path, empty)("restore", *shelf.name())
    assert (other.exit_code, "holds another key already" in other.output) == (ExitCode.REFUSED, True), other.output
    with connect(empty) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 0
    again = shelf.restorer(tmp_path)("backup", *shelf.name())
    assert (again.exit_code, "exists already" in again.output) == (ExitCode.REFUSED, True), again.output


def _change_dump(shelf: Shelf) -> str:
    chosen = next(path for path in sorted((shelf.backup / "database").iterdir()) if path.stat().st_size > 100)
    chosen.write_bytes(chosen.read_bytes()[:-1] + b"x")
    return f"The backup is damaged: database/{chosen.name} is missing or was changed."


def _change_keys(shelf: Shelf) -> str:
    shelf.keys.write_text(shelf.keys.read_text()[:-3] + "AAA")
    return "The keys cannot be opened"


def _change_passphrase(shelf: Shelf) -> str:
    shelf.passphrase.write_text("correct horse battery stable\n")
    return "The keys cannot be opened"


def _change_ring(shelf: Shelf) -> str:
    """Keys of another installation, under the same passphrase."""
    other = {half: ["00" * 32] for half in ("sealing", "indexing")}
    shelf.keys.write_text(seal({"identity.json": json.dumps(other)}, shelf.passphrase.read_text().strip()))
    return "The keys do not belong to this backup: they are of another installation"


def _leave_out_ring(shelf: Shelf) -> str:
    shelf.keys.write_text(seal({"signing.json": "{}"}, shelf.passphrase.read_text().strip()))
    return "The keys hold no identity.json that can be read."


def _change_revision(shelf: Shelf) -> str:
    described = json.loads((shelf.backup / DESCRIPTION).read_text())
    (shelf.backup / DESCRIPTION).write_text(json.dumps(described | {"revision": "9999"}))
    return "The backup has revision 9999, unknown to this Suxin"


def _remove_description(shelf: Shelf) -> str:
    (shelf.backup / DESCRIPTION).unlink()
    return "is not a backup"


@pytest.mark.parametrize(
    "change",
    [
        _change_dump,
        _change_keys,
        _change_passphrase,
        _change_ring,
        _leave_out_ring,
        _change_revision,
        _remove_description,
    ],
)
def test_what_cannot_be_restored_is_refused_in_a_sentence(
    shelf: Shelf, empty: sa.URL, change: object, tmp_path: Path
) -> None:
    assert callable(change)
    shutil.copytree(shelf.backup, tmp_path / "backup")
    keys, passphrase = (Path(shutil.copy(path, tmp_path)) for path in (shelf.keys, shelf.passphrase))
    sentence = change(copied := Shelf(tmp_path / "backup", keys, passphrase, empty))
    ran = copied.restorer(tmp_path / "data")("restore", *copied.name())
    assert (ran.exit_code, sentence in ran.output.replace("\n", "")) == (ExitCode.REFUSED, True), ran.output
    assert not (tmp_path / "data" / "keys").exists()


def test_a_backup_that_fails_leaves_nothing(shelf: Shelf, city: City, tmp_path: Path) -> None:
    """Half a backup would be taken for a whole one, and stand in the way of the next."""
    (tmp_path / "vault").write_text("a file, and no directory")
    run = shelf.restorer(city.settings.data_dir)
    named = (tmp_path / "new", "--keys", tmp_path / "vault" / "keys.jwe", "--passphrase-file", shelf.passphrase)
    ran = run("backup", *named)
    assert (ran.exit_code, "cannot be written to" in ran.output) == (ExitCode.PLACE, True), ran.output
    assert not (tmp_path / "new").exists()


def test_user_and_password_may_have_any_characters(shelf: Shelf, postgres: sa.URL, city: City, tmp_path: Path) -> None:
    odd = postgres.set(username="o'wner@:/?&%", password="p@ss:/w#rd'&%$ 密", database=shelf.url.database)
    name, word = sql.Identifier(str(odd.username)), sql.Literal(str(odd.password))
    address = postgres.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}").format(name, word))
        named = (tmp_path / "new", "--keys", tmp_path / "keys.jwe", "--passphrase-file", shelf.passphrase)
        ran = shelf.restorer(city.settings.data_dir, odd)("backup", *named)
        connection.execute(sql.SQL("DROP ROLE {}").format(name))
    assert ran.exit_code == 0, ran.output


@pytest.mark.parametrize(
    ("keys", "passphrase", "sentence"),
    [
        ("new/keys.jwe", "correct horse battery staple", "The keys would be beside the dump"),
        ("keys.jwe", "short", "The passphrase has fewer than 12 characters"),
    ],
)
def test_a_backup_that_would_be_no_use_is_not_made(
    shelf: Shelf, keys: str, passphrase: str, sentence: str, city: City, tmp_path: Path
) -> None:
    (tmp_path / "word").write_text(passphrase)
    run = shelf.restorer(city.settings.data_dir)
    ran = run("backup", tmp_path / "new", "--keys", tmp_path / keys, "--passphrase-file", tmp_path / "word")
    assert (ran.exit_code, sentence in ran.output) == (ExitCode.REFUSED, True), ran.output
    assert not (tmp_path / "new").exists()
