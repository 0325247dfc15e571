"""The primary is killed under load and a standby promoted: nothing acknowledged is lost, and the service goes on."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from proposing import Stage, open_stage
from served import wait_until
from typed import runner

from bench.scale.replicas import Replicas, open_replicas
from commands.doctor.finding import State
from commands.doctor.replication import examine_replication
from commands.exits import ExitCode
from postgres import database

PAIRS, CLIENTS = 30, 4


@pytest.fixture
def replicas() -> Iterator[Replicas]:
    with (
        tempfile.TemporaryDirectory(prefix="suxin-test-", ignore_cleanup_errors=True) as directory,
        open_replicas(Path(directory)) as found,
    ):
        database.migrate(found.url)
        yield found


@pytest.fixture
def stage(replicas: Replicas, tmp_path: Path) -> Iterator[Stage]:
    found = open_stage(replicas.url, tmp_path, {}, workers=2)
    yield found
    found.command.stop()


@pytest.mark.parametrize("cut", [False, True], ids=["at once", "after a cut of one standby"])
def test_what_was_acknowledged_outlives_the_primary(
    replicas: Replicas, stage: Stage, cut: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    case, engine = stage.the_case(), database.make_sync_engine(replicas.url)
    with ThreadPoolExecutor(CLIENTS) as pool:
        work = [pool.submit(stage.propose_and_review, place, case) for place in range(PAIRS)]
        if cut:
            replicas.primary.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_replication LIMIT 1")
        wait_until(lambda: len(stage.acknowledged) >= PAIRS // 2)
        replicas.primary.kill()
        before = len(stage.acknowledged)
        replicas.promote_the_furthest()
        promoted = time.monotonic()
        wait_until(lambda: len(stage.acknowledged) > before)
        taken = time.monotonic() - promoted
        for one in work:
            one.result()
    with capsys.disabled():
        print(f"\n{len(stage.acknowledged)} acknowledged, {before} of them before; the first after {taken:.2f} s")  # noqa: T201
    stage.check_stored(engine, PAIRS)
    engine.dispose()
    assert httpx2.get(f"{stage.command.origin}/readyz").status_code == 200


async def examine(url: sa.URL) -> tuple[State, str]:
    """What the doctor says of the replication."""
    engine = database.make_async_engine(url, 1, 10)
    async with engine.connect() as connection:
        found = await examine_replication(connection)
    await engine.dispose()
    return found.state, found.found


def test_the_doctor_says_what_a_commit_waits_for(replicas: Replicas) -> None:
    quorum = "ANY 1 (standby1, standby2)"
    assert asyncio.run(examine(replicas.url)) == (State.OK, f"Commits wait for standbys: {quorum}.")
    for setting, told in (
        ("local", "Commits do not wait for the standbys that are named: a failover loses what was acknowledged"),
        ("off", "Commits wait for no disk: a crash of the server loses what was acknowledged and logged"),
    ):
        replicas.primary.ask(f"ALTER DATABASE suxin SET synchronous_commit = '{setting}'")
        assert asyncio.run(examine(replicas.url)) == (State.PROBLEM, f"{told} (R15, R19).")
    replicas.primary.ask("ALTER DATABASE suxin RESET synchronous_commit")
    replicas.primary.configure("synchronous_standby_names = ''\n")
    replicas.primary.ask("SELECT pg_reload_conf()")
    told = "2 standbys follow and no commit waits for them: a failover loses the last ones."
    assert asyncio.run(examine(replicas.url)) == (State.WARNING, told)


def test_a_standby_is_not_served_from(replicas: Replicas) -> None:
    """By itself, the address of a standby is refused: `target_session_attrs` chooses among several."""
    standby = replicas.standbys[0]
    address = f"postgresql://suxin@127.0.0.1:{standby.port}/suxin"
    refused = runner({"SUXIN_DATABASE_URL": address})("serve", "--port", "0")
    assert refused.exit_code == ExitCode.READ_ONLY
    assert "The server is a standby: nothing can be written to it." in refused.output
