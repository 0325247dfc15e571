"""A change of the identity keys: all that hangs on a number is reached as before, and no other ring is served from."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import City
from installations import NEWCOMER, WATCHED, Installation, get_log, install, look, without_log
from litigants import PAGE, enter
from served import wait_until

from auth.audiences import Audience
from commands.exits import ExitCode
from demo.city.cast import CHEN, STRANGER, ZHAO
from models.number_suites import SM_MARK
from postgres import database

ROTATE = ("keys", "rotate-identity")
ROOT = Path(__file__).parents[2]
CASES = ROOT / "examples" / "exports" / "cases.csv"
LOGGED = "SELECT id, salt, parties, indexes FROM access_answer ORDER BY id"
WAIT_AT_THE_END = """
CREATE FUNCTION wait_at_the_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock(1, 2); RETURN NULL; END $$;
CREATE TRIGGER waits AFTER INSERT ON earlier_hash FOR EACH STATEMENT EXECUTE FUNCTION wait_at_the_end()
"""
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND (classid, objid) = (1, 2) AND NOT granted"
CHANGES = "SELECT count(*) FROM security_event WHERE act = 'KEYS_CHANGED' AND operator = 'zhaoliu'"
PARTIES = "SELECT count(*) FROM party"


@pytest.fixture(scope="module")
def installation(database_copy: sa.URL, city: City, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return install(database_copy, city, tmp_path_factory.mktemp("rotated"))


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
        done = installation.run("--operator", "zhaoliu", *ROTATE)
        assert done.exit_code == 0, done.output
        told = installation.read(CHANGES)
        assert told == [(version - 1,)]
        assert f"hashed with identity key {version}" in done.output
        renewed = {name: sorted(map(installation.ring.renew, rows)) for name, rows in stored.items()}
        renewed["earlier_hash.index"] = installation.hashes()["earlier_hash.index"]
        assert (installation.hashes(), installation.open_numbers()) == (renewed, opened)
        assert (installation.ring.version, installation.ring.mark & ~SM_MARK) == (version, version)
        assert {one[0] for rows in renewed.values() for one in rows} == {installation.ring.mark}
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
    assert {one[0] for rows in installation.hashes().values() for one in rows} == {installation.ring.mark}


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
