"""The primary is killed under load and a standby promoted: nothing acknowledged is lost, and the service goes on."""

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from proposing import Stage, open_stage
from replicas import Replicas, open_replicas
from served import wait_until

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
