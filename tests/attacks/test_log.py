"""The log of a served instance with two workers: what the service's own password may do to it, what a superuser's may,
and when entries are covered.

TEST_TAMPERINGS is the number of tamperings. The figure of each attack is logged: pytest tests/attacks
--log-cli-level=INFO
"""

# ruff: noqa: S608 - statements are made of names of tables

import base64
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from attacked import log
from conftest import City, as_service
from emptying import AS_SUPERUSER
from generated import SEED
from look_ups import document, key_of
from served import Command, wait_until
from sqlalchemy.ext.asyncio import AsyncConnection
from tampering import LOGS, tamper
from typed import runner
from world import World

from auth.audiences import Audience
from auth.log_key import load_signer
from casework.transparency.faults import Verification
from casework.transparency.verification import verify_log
from demo.city.cast import CHEN
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.notes import NoteSigner
from postgres import database

TIMES = int(os.environ.get("TEST_TAMPERINGS", "30"))
ASKED, COVERED = 60, 20
WHOLE = sa.text("SELECT max(size) FROM log_checkpoint")
ANSWERS = sa.text("SELECT count(*) FROM access_answer")
CHANGES = (
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} RENAME TO gone",
    "DROP TABLE {table} CASCADE",
    "CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE mine AS ON INSERT TO {table} DO INSTEAD NOTHING",
)
COLUMNS = {"access_answer": "purpose", "access_shape": "field", "log_leaf": "entry", "log_node": "hash"}
BEYOND = (
    "SET session_replication_role = replica",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "SET ROLE suxin_owner",
    "COPY access_answer TO PROGRAM 'true'",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT lo_import('/etc/hostname')",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE public.mine (id int)",
)


@pytest.fixture(scope="module")
def signer(city: City) -> NoteSigner:
    return load_signer(city.settings.log_key_file, city.settings.log_origin)


@pytest.fixture(scope="module")
def logged(served: World) -> World:
    """The instance, whose log covers all that was ever answered, with copies of its tables half-way."""
    for half in range(2):
        for _ in range(ASKED):
            served.data(Audience.BANK, document(Audience.BANK), LOOK_UP)
        wait_until(lambda: is_covered(served))
        if not half:
            with served.engine.begin() as connection:
                for table in LOGS:
                    connection.execute(sa.text(f"CREATE TABLE old_{table} AS SELECT * FROM {table}"))
    return served


LOOK_UP = {"by": key_of(CHEN), "access": {"purpose": "LOAN_APPROVAL"}}


def is_covered(world: World) -> bool:
    with world.engine.connect() as connection:
        return bool(connection.scalar(WHOLE) == connection.scalar(ANSWERS))


def statements(connection: sa.Connection) -> Iterator[str]:
    """Everything that would change the log, and what would make the rights for it."""
    partitions = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'access_answer'::regclass"
    tables = COLUMNS | dict.fromkeys(connection.scalars(sa.text(partitions)).all(), "purpose")
    tables["log_checkpoint"] = "note"
    yield from (change.format(table=table, column=column) for table, column in tables.items() for change in CHANGES)
    yield from BEYOND


def test_the_password_of_the_service_changes_nothing(logged: World, database_copy: sa.URL) -> None:
    engine, refused = database.make_sync_engine(as_service(database_copy)), Counter[str]()
    with engine.connect() as connection:
        for statement in statements(connection):
            with pytest.raises(sa.exc.DBAPIError) as caught:
                connection.execute(sa.text(statement))
            connection.rollback()
            refused[str(getattr(caught.value.orig, "sqlstate", ""))] += 1
    engine.dispose()
    log.info("%d statements by the password of the service: refused by %s", refused.total(), dict(refused))
    assert refused.keys() <= {"42501", "22023"}, "insufficient privilege, or no such role"


async def verify(connection: AsyncConnection, signer: NoteSigner, kept: Checkpoint) -> Verification:
    return await verify_log(connection, [signer.key], datetime.now(UTC), kept=[kept])


async def test_tampering_is_found(logged: World, signer: NoteSigner, database_copy: sa.URL) -> None:
    """With the superuser's password, while the instance runs. Each is undone before the next one."""
    kept = open_checkpoint(logged.http.get("/log/checkpoint").text, [signer.key])
    chance, done, missed = random.Random(SEED), Counter[str](), list[str]()
    engine = database.make_async_engine(database_copy, pool_size=1, statement_timeout=60)
    async with engine.connect() as connection:
        for _ in range(TIMES):
            async with connection.begin_nested() as savepoint:
                what = await tamper(connection, kept.size, chance)
                found = await verify(connection, signer, kept)
                await savepoint.rollback()
            await connection.rollback()
            done[what.partition(" ")[0].lower()] += 1
            missed += [] if found.total else [what]
        clean = await verify(connection, signer, kept)
    await engine.dispose()
    log.info("%d tamperings with %d entries: %d not found; %s", TIMES, kept.size, len(missed), dict(done))
    assert (missed, clean.faults) == ([], [])


def is_found(world: World, address: str) -> bool:
    return bool(world.http.get(address).status_code == 200)


def test_entries_are_covered_by_a_checkpoint(logged: World, signer: NoteSigner) -> None:
    """From the answer to the first checkpoint with its entry, whichever worker answers."""
    taken = []
    for _ in range(COVERED):
        asked = {"query": document(Audience.BANK), "variables": LOOK_UP, "extensions": {"receipt": True}}
        answer = logged.post(logged.token(Audience.BANK), asked)
        answered = time.monotonic()
        moment, leaf = answer.json()["extensions"]["receipt"].partition("\n\n")[0].splitlines()[-1].split(" ")
        stamp = round(datetime.fromisoformat(moment).timestamp() * 10**6)
        address = f"/log/inclusion/{stamp}/{base64.b64decode(leaf).hex()}"
        wait_until(partial(is_found, logged, address))
        taken.append(time.monotonic() - answered)
    p50, most = sorted(taken)[COVERED // 2], max(taken)
    log.info("%d answers: covered by a checkpoint after %.2f s at p50, at most %.2f s", COVERED, p50, most)


def test_the_command_finds_what_was_done(
    logged: World, serving: Command, signer: NoteSigner, city: City, database_copy: sa.URL, tmp_path: Path
) -> None:
    """An entry is changed for good, and its log with it, as far as it can be: only the signature cannot be made."""
    kept = tmp_path / "bank.checkpoint"
    kept.write_text(httpx2.get(f"{serving.origin}/log/checkpoint").text)
    url = database_copy.set(drivername="postgresql").render_as_string(hide_password=False)
    run = runner({"SUXIN_DATABASE_URL": url, "SUXIN_DATA_DIR": str(city.settings.data_dir)})
    given = ("log", "verify", "--checkpoint", kept, "--key", str(signer.key))
    before = run(*given)
    assert (before.exit_code, "The log holds" in before.stdout) == (0, True), before.output
    with logged.engine.begin() as connection:
        connection.execute(AS_SUPERUSER)
        last = "SELECT answer_id FROM log_leaf ORDER BY index DESC LIMIT 1"
        connection.execute(sa.text(f"UPDATE access_answer SET purpose = 'SELF' WHERE id = ({last})"))
    after = run(*given)
    assert (after.exit_code, "changed: entry" in after.stderr) == (1, True), after.output
