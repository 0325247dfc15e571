"""The service behind PgBouncer in transaction mode, with the configuration that is shipped; and poolers that are
refused, each with the sentence that mends it."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import psutil
import pytest
import sqlalchemy as sa
from conftest import SERVICE_USER, as_service
from poolers import WANTED, Pooler, find_old_pooler, find_pooler
from proposing import Stage, open_stage
from served import Command, wait_until
from typed import runner

from commands.exits import ExitCode
from postgres import database
from postgres.locks import Lock
from postgres.sessions.by_role import IGNORED

Start = Callable[..., Pooler]
ASKED, PAIRS, CLIENTS, SESSIONS = 12, 16, 4, 20
LEADER = sa.text(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = :lock"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
POOLED = sa.text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = :user AND application_name = 'suxin'"
)
needs_pooler = pytest.mark.skipif(find_pooler() is None, reason=WANTED)
needs_old_pooler = pytest.mark.skipif(find_old_pooler() is None, reason="PgBouncer 1.18 is not on this machine")


@pytest.fixture(scope="module")
def start(database_url: sa.URL) -> Iterator[Start]:
    """Starts poolers before the module's database."""
    started = list[Pooler]()
    with tempfile.TemporaryDirectory(prefix="suxin-test-") as home:
        Path(home).chmod(0o755)

        def start(program: str | None = None, **changes: str) -> Pooler:
            folder = Path(home) / str(len(started))
            folder.mkdir()
            pooler = Pooler(program or find_pooler() or "", as_service(database_url), folder, changes)
            started.append(pooler)
            pooler.start()
            return pooler

        yield start
        for pooler in started:
            pooler.stop()


@pytest.fixture(scope="module")
def direct(database_url: sa.URL) -> str:
    """The address of the server itself."""
    return as_service(database_url).set(drivername="postgresql").render_as_string(hide_password=False)


IGNORE = f"set `ignore_startup_parameters = {', '.join(IGNORED)}` in pgbouncer.ini."
REFUSED: Mapping[str, tuple[Mapping[str, str], str]] = {
    "statement mode": (
        {"pool_mode": "statement"},
        "SUXIN_DATABASE_URL leads to a pooler in statement mode, which refuses transactions: "
        "set `pool_mode = transaction` in pgbouncer.ini.\n",
    ),
    "no prepared statements": (
        {"max_prepared_statements": "0"},
        "SUXIN_DATABASE_URL leads to a pooler in transaction mode that loses prepared statements: "
        "set `max_prepared_statements = 200` in pgbouncer.ini, which PgBouncer 1.21 and newer know.\n",
    ),
    "no startup parameters": (
        {"ignore_startup_parameters": "jit"},
        f"SUXIN_DATABASE_URL leads to a pooler that rejects the startup parameter statement_timeout: {IGNORE}\n",
    ),
    "no settings of the user": (
        {},
        "The pooler at SUXIN_DATABASE_URL gives sessions with statement_timeout = 0 instead of 2000, lock_timeout = 0 "
        "instead of 500, idle_in_transaction_session_timeout = 0 instead of 300000, jit = on instead of off, "
        "plan_cache_mode = auto instead of force_generic_plan, seq_page_cost = 1 instead of 0.1, random_page_cost = 4 "
        "instead of 0.11: run `suxin roles`, which sets them for its user.\n",
    ),
}


def serve(pooler: Pooler, direct: str | None) -> Any:
    """`suxin serve` behind a pooler, which should be refused."""
    given = {"SUXIN_DATABASE_URL": pooler.text} | ({"SUXIN_DIRECT_URL": direct} if direct else {})
    return runner(given)("serve", "--port", "0")


@needs_pooler
@pytest.mark.parametrize(("changes", "told"), REFUSED.values(), ids=list(REFUSED))
def test_a_wrong_pooler_is_refused(
    start: Start, sync_engine: sa.Engine, direct: str, changes: Mapping[str, str], told: str
) -> None:
    with sync_engine.begin() as connection:
        name = connection.scalar(sa.text("SELECT current_database()"))
        connection.execute(sa.text(f"ALTER ROLE {SERVICE_USER} IN DATABASE {name} RESET ALL"))
    refused = serve(start(**changes), direct)
    assert (refused.exit_code, refused.stderr) == (ExitCode.SETTINGS, told)


@needs_old_pooler
def test_an_old_pooler_is_refused_with_its_reason(start: Start, direct: str) -> None:
    """It does not know `max_prepared_statements`."""
    refused = serve(start(find_old_pooler(), max_prepared_statements="-"), direct)
    assert (refused.exit_code, refused.stderr) == (
        ExitCode.SETTINGS,
        "SUXIN_DATABASE_URL leads to a PgBouncer older than 1.21, which loses prepared statements in transaction mode: "
        "install a newer one, and set `max_prepared_statements = 200` in pgbouncer.ini.\n",
    )


def run_command(name: str, pooler: Pooler, direct: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own: the settings of tests are others."""
    given = {**os.environ, "SUXIN_DATABASE_URL": pooler.text, "SUXIN_DIRECT_URL": direct, **more}
    command = [str(Path(sys.executable).with_name("suxin")), name]
    return subprocess.run(command, env=given, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def pooler(start: Start, direct: str) -> Pooler:
    """One as shipped, for whose user `suxin roles` has set what its sessions need."""
    found = start()
    done = run_command("roles", found, direct)
    assert done.stdout == (
        f"Sessions of {SERVICE_USER} begin with the settings of the service; the others have ended.\n"
    )
    return found


@needs_pooler
def test_sessions_need_an_address_without_the_pooler(pooler: Pooler) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "IDLE_SECONDS", 10)
        refused = serve(pooler, None)
    assert (refused.exit_code, refused.stderr.splitlines()[-1]) == (
        ExitCode.SETTINGS,
        "SUXIN_DATABASE_URL leads to a pooler that shares sessions between clients. Set SUXIN_DIRECT_URL to an address "
        "of the database without a pooler.",
    )


@pytest.fixture(scope="module")
def stage(
    pooler: Pooler, database_url: sa.URL, direct: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """The real command with two workers behind it, and two officers."""
    given = {"SUXIN_DATABASE_URL": pooler.text, "SUXIN_DIRECT_URL": direct}
    found = open_stage(database_url, tmp_path_factory.mktemp("stage"), given, workers=2)
    yield found
    found.command.stop()


def ask(stage: Stage, token: str) -> int:
    """The status of an answer, over a connection of its own, so that any worker may give it."""
    headers = {"authorization": f"Bearer {token}"}
    return httpx2.post(
        f"{stage.command.origin}/graphql", json={"query": "{ courts { code } }"}, headers=headers, timeout=30
    ).status_code


def restart(pooler: Pooler) -> None:
    pooler.stop()
    pooler.start()


@needs_pooler
def test_what_was_acknowledged_outlives_restarts_of_the_pooler(
    stage: Stage, pooler: Pooler, sync_engine: sa.Engine
) -> None:
    """Officers propose and review while it is restarted, and while all its sessions end."""
    case = stage.the_case()
    with ThreadPoolExecutor(CLIENTS) as pool:
        work = [pool.submit(stage.propose_and_review, place, case) for place in range(PAIRS)]
        wait_until(lambda: len(stage.acknowledged) >= PAIRS // 4)
        restart(pooler)
        before = len(stage.acknowledged)
        wait_until(lambda: len(stage.acknowledged) > before)
        with sync_engine.begin() as connection:
            assert connection.scalar(POOLED, {"user": SERVICE_USER}) > 0
        for one in work:
            one.result()
    stage.check_stored(sync_engine, PAIRS)
    assert [ask(stage, stage.judge) for _ in range(ASKED)] == [200] * ASKED
    assert httpx2.get(f"{stage.command.origin}/readyz").json()["status"] == "ready"


@needs_pooler
async def test_who_gets_no_session_is_refused_and_answered_later(stage: Stage, pooler: Pooler) -> None:
    """Others hold all of them for longer than `query_wait_timeout`."""
    options = database.make_connection_options(pooler.address)
    async with AsyncExitStack() as stack:
        for _ in range(SESSIONS):
            held = await asyncpg.connect(**options)
            stack.callback(held.terminate)
            await held.execute("BEGIN; SELECT 1")
        assert {await asyncio.to_thread(ask, stage, stage.judge) for _ in range(2)} == {503}
        ready = await asyncio.to_thread(httpx2.get, f"{stage.command.origin}/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "no database")
    wait_until(lambda: ask(stage, stage.judge) == 200)


@needs_pooler
def test_statements_by_former_tables_end_with_a_migration(
    stage: Stage, pooler: Pooler, direct: str, database_url: sa.URL, sync_engine: sa.Engine
) -> None:
    """To a client that prepares a statement anew, a pooler gives the one that it has kept."""

    def change(kind: str) -> None:
        with sync_engine.begin() as connection:
            connection.execute(sa.text(f"ALTER TABLE former ALTER COLUMN number TYPE {kind}"))

    async def read() -> Any:
        connection = await asyncpg.connect(**database.make_connection_options(pooler.address))
        try:
            return await connection.fetchval("SELECT number FROM former")
        finally:
            await connection.close()

    with sync_engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE former AS SELECT 1 AS number"))
        connection.execute(sa.text(f"GRANT SELECT ON former TO {SERVICE_USER}"))
    try:
        assert asyncio.run(read()) == 1
        change("bigint")
        with pytest.raises(asyncpg.InvalidCachedStatementError):
            asyncio.run(read())
        owner = database_url.set(drivername="postgresql").render_as_string(hide_password=False)
        done = run_command("migrate", pooler, direct, SUXIN_OWNER_URL=owner)
        assert done.stdout == "The database is at the newest revision.\n"
        assert asyncio.run(read()) == 1
    finally:
        with sync_engine.begin() as connection:
            connection.execute(sa.text("DROP TABLE former"))
    wait_until(lambda: ask(stage, stage.judge) == 200)


@needs_pooler
def test_another_machine_leads_when_one_is_gone(
    stage: Stage, sync_engine: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    def find_leader() -> int | None:
        with sync_engine.connect() as connection:
            found: int | None = connection.scalar(LEADER, {"lock": Lock.LEADERSHIP})
            return found

    first = Command(stage.command.environment)
    wait_until(lambda: find_leader() is not None)
    leads, process = find_leader(), stage.command.process
    first.start()
    assert process
    (leader,) = [
        one
        for one in psutil.Process(process.pid).children()
        if "spawn_main" in " ".join(one.cmdline()) and not one.net_connections()
    ]
    process.send_signal(signal.SIGSTOP)  # it starts no other
    leader.kill()
    killed = time.monotonic()
    wait_until(lambda: find_leader() not in {None, leads})
    with capsys.disabled():
        print(f"\nanother leads after {time.monotonic() - killed:.1f} s")  # noqa: T201
    os.kill(process.pid, signal.SIGCONT)
    first.stop()


@needs_pooler
def test_a_revoked_token_is_refused_by_both_workers(
    stage: Stage, sync_engine: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [ask(stage, stage.judge) for _ in range(ASKED)] == [200] * ASKED
    with sync_engine.begin() as connection:
        connection.execute(sa.text("UPDATE issued_token SET revoked_at = now()"))
    revoked = time.monotonic()
    wait_until(lambda: {ask(stage, stage.judge) for _ in range(4)} == {401})
    with capsys.disabled():
        print(f"\nrefused after {time.monotonic() - revoked:.2f} s")  # noqa: T201
    assert [ask(stage, stage.judge) for _ in range(ASKED)] == [401] * ASKED
