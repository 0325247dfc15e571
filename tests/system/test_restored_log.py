"""The access log after a restore from a dump into another cluster, where transactions have other numbers (R19)."""

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from emptying import empty_tables
from indexing import write_index
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.access_index import is_behind
from commands.doctor import derived
from commands.doctor.finding import State
from jobs.access_log import ensure_access_log
from models.access_answer import select_answers_about
from postgres import database
from postgres.wheel import find_programs

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
ABOUT = sa.literal(7, sa.BigInteger)
ANSWER = sa.text(
    """
    INSERT INTO access_answer (at, client_key, request_id, audience, purpose, shape_id, subjects, results, parties)
    VALUES (:at, 1, gen_random_uuid(), 'BANK', 'LOAN_APPROVAL', 1, 1, ARRAY['GIVEN'], ARRAY[7::bigint])
    """
)


def run_program(name: str, url: sa.URL, *arguments: str) -> None:
    """Run a program of PostgreSQL on a database."""
    programs = find_programs()
    assert programs
    program = programs / name
    given: Mapping[str, object] = {
        "PGHOST": url.query.get("host", url.host),
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    environment = os.environ | {key: str(value) for key, value in given.items() if value is not None}
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def answer(engine: AsyncEngine, minute: int) -> None:
    """Write an answer about a party."""
    async with engine.begin() as connection:
        await connection.execute(ANSWER, {"at": AT + timedelta(minutes=minute)})


async def list_minutes(engine: AsyncEngine) -> list[int]:
    """Return the minutes of the answers about the party, as it is told of them."""
    about = select_answers_about(ABOUT, sa.cast(sa.null(), sa.LargeBinary))
    async with engine.connect() as connection:
        rows = (await connection.execute(about)).all()
    return sorted(int((row.at - AT).total_seconds()) // 60 for row in rows)


async def test_nothing_is_missing_after_a_restore_into_another_cluster(database_copy: sa.URL, tmp_path: Path) -> None:
    """The dump comes from a cluster that is far ahead: its snapshot would hide all answers of the new one."""
    former = database.make_async_engine(database_copy, 2, 60)
    await ensure_access_log(former, AT)
    async with former.begin() as connection:
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        await connection.run_sync(empty_tables, "access_answer", "access_index")
    await answer(former, 1)
    await write_index(former)
    await answer(former, 2)
    await former.dispose()
    dump = str(tmp_path / "dump")
    run_program("pg_dump", database_copy, "--format=custom", f"--file={dump}")
    with database.run_embedded(tmp_path / "other") as url:
        run_program(
            "pg_restore", url, "--dbname", str(url.database), "--no-owner", "--no-privileges", "--exit-on-error", dump
        )
        engine = database.make_async_engine(url, 2, 60)
        await ensure_access_log(engine, AT)
        await answer(engine, 3)
        assert await list_minutes(engine) == [1, 2, 3]
        assert await write_index(engine) == 3
        async with engine.connect() as connection:
            assert not await is_behind(connection)
            found = {finding.check: finding async for finding in derived.examine(connection)}
        assert found["access index"].state is State.OK
        await answer(engine, 4)
        assert await list_minutes(engine) == [1, 2, 3, 4]
        await engine.dispose()
