"""A change of the identity keys: all that hangs on a number is reached as before, and no other ring is served from."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import City, as_service
from litigants import PAGE, enter
from served import wait_until
from starlette.testclient import TestClient
from typed import Run, runner
from world import ISSUER, NOW, World

import models
from auth.audiences import Audience
from commands.exits import ExitCode
from demo.city.cast import CHEN, LIN, STRANGER, ZHAO, Subject
from models.keyring import Keyring, load_keyring
from models.number_hashes import SEALED, list_hashes
from postgres import database
from server import create_app
from settings import Settings

PROPOSED = sa.text(
    "INSERT INTO identity_act (court_code, kind, party_id, conflict_id, outcome, number_kind, number_index,"
    " number_sealed, number_masked, reason, evidence_digest, proposed_by, proposed_role, proposed_at) VALUES"
    " ('浙0281', 'RESOLVE', 1, 1, 'WRONG_NUMBER', 'RESIDENT_ID', :index, :sealed, '3302****0016', 'R',"
    " sha256('R'), 1, 'CENTRE', :at)"
)
ROTATE = ("keys", "rotate-identity")
NEWCOMER = Subject("NEWCOMER", "新来客", "330281190304040016")
"""Nobody knows it: the log has its hash only."""

ROOT = Path(__file__).parents[2]
CASES = ROOT / "examples" / "exports" / "cases.csv"
LOGGED = "SELECT id, salt, parties, indexes FROM access_answer ORDER BY id"
WAIT_AT_THE_END = """
CREATE FUNCTION wait_at_the_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock(1, 2); RETURN NULL; END $$;
CREATE TRIGGER waits AFTER INSERT ON earlier_hash FOR EACH STATEMENT EXECUTE FUNCTION wait_at_the_end()
"""
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND (classid, objid) = (1, 2) AND NOT granted"
PARTIES = "SELECT count(*) FROM party"
OWN = """
{
  me {
    party { id }
    consents { id }
    shareCodes { id }
    notices(first: 100) { nodes { at kind } }
    awards { id }
    accessRecords(first: 100) { nodes { id at result } }
  }
}
"""
MONITORED = "access: { purpose: POST_LOAN_MONITORING }"
CREDIT = f"query($by: SubjectKey!) {{ subject(by: $by, {MONITORED}) {{ outcome }} }}"
WATCHED = f"{{ portfolio({MONITORED}, first: 100) {{ nodes {{ id reference colour }} }} }}"


@dataclass
class Installation:
    """A copy of the city with key files of its own."""

    url: sa.URL
    settings: Settings
    city: City

    @property
    def environment(self) -> dict[str, str]:
        """The settings of commands."""
        address = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return {"SUXIN_DATABASE_URL": address, "SUXIN_DATA_DIR": str(self.settings.data_dir)}

    @property
    def run(self) -> Run:
        """What an operator types."""
        return runner(self.environment)

    @property
    def ring(self) -> Keyring:
        """The keys of now."""
        return load_keyring(self.settings.key_file)

    @contextmanager
    def at_work(self) -> Iterator[World]:
        """The service, until the context ends."""
        app = create_app(replace(self.settings, token_trust=0), as_service(self.url), lambda: NOW)
        engine = database.make_sync_engine(self.url)
        with TestClient(app, base_url=ISSUER, raise_server_exceptions=False) as http:
            yield World(http, app, engine, self.city.clients)
        engine.dispose()

    def read(self, query: sa.Executable | str) -> list[Any]:
        """Rows behind the service."""
        engine = database.make_sync_engine(self.url)
        with engine.connect() as connection:
            found = connection.execute(sa.text(query) if isinstance(query, str) else query).all()
        engine.dispose()
        return list(found)

    def propose_number(self) -> None:
        """Have an officer propose a right number: the city has no such act."""
        index, ring = self.ring.index(NEWCOMER.number), self.ring
        engine = database.make_sync_engine(self.url)
        with engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))  # the conflict is left out
            connection.execute(PROPOSED, {"index": index, "sealed": ring.seal(NEWCOMER.number, index), "at": NOW})
        engine.dispose()

    def open_numbers(self) -> list[str]:
        """What is sealed, in the clear."""
        columns = [column for column in list_hashes(models.Base.metadata) if SEALED in column.info]
        rows = [self.read(sa.select(one, one.table.c[one.info[SEALED]]).where(one.is_not(None))) for one in columns]
        return sorted(self.ring.open(bytes(sealed), bytes(index)) for found in rows for index, sealed in found)

    def hashes(self) -> dict[str, list[bytes]]:
        """What each column holds, in order."""
        return {
            f"{column.table}.{column.name}": sorted(
                bytes(one)
                for (value,) in self.read(sa.select(column).where(column.is_not(None)))
                for one in (value if isinstance(value, list) else [value])
            )
            for column in list_hashes(models.Base.metadata)
        }


@pytest.fixture(scope="module")
def installation(database_copy: sa.URL, city: City, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    place = tmp_path_factory.mktemp("rotated")
    shutil.copytree(city.settings.key_file.parent, place / "keys")
    return Installation(database_copy, replace(city.settings, data_dir=place), city)


def look(world: World) -> dict[str, Any]:
    """What depends on numbers: a litigant's own things, a bank's watches, and whom it may look up."""
    own = {one.key: world.data(Audience.LITIGANT_PORTAL, OWN, subject=one) for one in (CHEN, ZHAO, STRANGER, NEWCOMER)}
    bank = {
        one.key: world.data(Audience.BANK, CREDIT, {"by": {"name": one.name, "idNumber": one.number}})
        for one in (CHEN, LIN, ZHAO, STRANGER, NEWCOMER)
    }
    return {"own": own, "bank": bank, "watched": world.data(Audience.BANK, WATCHED)}


def without_log(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a further look does not change."""
    own = {
        key: {name: value for name, value in one["me"].items() if name not in {"accessRecords", "notices"}}
        for key, one in found["own"].items()
    }
    return {**found, "own": own}


def get_log(found: Mapping[str, Any], subject: Subject) -> set[str]:
    """The entries of a subject's own log."""
    return {one["id"] for one in found["own"][subject.key]["me"]["accessRecords"]["nodes"]}


def test_everything_is_reached_after_two_changes(installation: Installation) -> None:
    with installation.at_work() as world:
        enter(world, CHEN)
        look(world)
        before = look(world)
        cookies = dict(world.http.cookies)
    installation.propose_number()
    assert [name for name, rows in installation.hashes().items() if not rows] == ["earlier_hash.index"]
    for version in (2, 3):
        stored, opened = installation.hashes(), installation.open_numbers()
        logged = installation.read(LOGGED)
        done = installation.run(*ROTATE)
        assert done.exit_code == 0, done.output
        assert f"hashed with identity key {version}" in done.output
        renewed = {name: sorted(map(installation.ring.renew, rows)) for name, rows in stored.items()}
        renewed["earlier_hash.index"] = installation.hashes()["earlier_hash.index"]
        assert (installation.hashes(), installation.open_numbers()) == (renewed, opened)
        assert {one[0] for rows in renewed.values() for one in rows} == {version}
        assert installation.read(LOGGED)[: len(logged)] == logged
        with installation.at_work() as world:
            after = look(world)
            world.http.cookies.update(cookies)
            assert CHEN.name in world.http.get("/me", headers=PAGE).text
        assert without_log(after) == without_log(before)
        for one in (CHEN, ZHAO, STRANGER, NEWCOMER):
            assert get_log(before, one)
            assert get_log(before, one) <= get_log(after, one)
        before = after


def test_a_killed_change_is_gone_on_with(installation: Installation) -> None:
    """Killed by SIGKILL when all is written and nothing committed. Nothing starts then, and no further key is made."""
    stored, keys = installation.hashes(), len(installation.ring.indexing)
    with killed_before_its_commit(installation) as command:
        command.kill()
        assert command.wait() == -signal.SIGKILL
    assert (installation.hashes(), len(installation.ring.indexing)) == (stored, keys + 1)
    told = f"The database is hashed with identity key {keys}, and the key ring has {keys + 1}: a change of the keys"
    for refused in (installation.run("serve", "--port", "0"), installation.run("import", "cases", CASES)):
        assert refused.exit_code == ExitCode.KEYS
        assert f"{told} is not finished. Run `suxin keys rotate-identity`, which goes on with it." in refused.output
    done = installation.run(*ROTATE)
    assert (done.exit_code, len(installation.ring.indexing)) == (0, keys + 1), done.output
    assert {one[0] for rows in installation.hashes().values() for one in rows} == {keys + 1}


@contextmanager
def killed_before_its_commit(installation: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """The real command, which waits in its last statement while the context lasts."""
    engine = database.make_sync_engine(installation.url)
    with engine.begin() as connection:
        connection.execute(sa.text(WAIT_AT_THE_END))
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(1, 2)"))
        command = [sys.executable, "-m", "cli", *ROTATE]
        with subprocess.Popen(command, env=os.environ | installation.environment, cwd=ROOT) as process:
            wait_until(lambda: connection.scalar(sa.text(WAITING)) == 1)
            yield process
        wait_until(lambda: connection.scalar(sa.text(WAITING)) == 0)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER waits ON earlier_hash; DROP FUNCTION wait_at_the_end"))
    engine.dispose()


def test_a_ring_of_before_neither_serves_nor_imports(installation: Installation) -> None:
    """As after a restore of the key file from a copy that is too old."""
    file = installation.settings.key_file
    whole = file.read_text()
    keys = json.loads(whole)
    file.write_text(json.dumps({half: found[:-1] for half, found in keys.items()}))
    before, parties = len(installation.ring.indexing), installation.read(PARTIES)
    told = (
        f"The key ring is of before a change: the database is hashed with identity key {before + 1}, of which it has"
        f" {before}. Restore the identity.json that belongs to this database to {file}."
    )
    commands = (("serve", "--port", "0"), ("import", "cases", CASES), ROTATE, ("worker",))
    for one in commands:
        refused = installation.run(*one)
        assert (refused.exit_code, told in refused.output) == (ExitCode.KEYS, True), refused.output
    assert (installation.read(PARTIES), len(installation.ring.indexing)) == (parties, before)
    file.write_text(whole)


def test_nothing_is_changed_under_a_running_service(installation: Installation) -> None:
    whole = installation.settings.key_file.read_text()
    with installation.at_work() as world:
        assert world.data(Audience.BANK, WATCHED)
        refused = installation.run(*ROTATE)
    assert refused.exit_code == ExitCode.REFUSED
    assert "Suxin is running on this database (suxin" in refused.output
    assert installation.settings.key_file.read_text() == whole
