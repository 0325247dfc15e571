"""A cluster under Patroni with HAProxy in front: a switchover and a lost primary lose nothing that was acknowledged."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from patroni_cluster import Cluster, open_cluster
from proposing import open_stage
from served import wait_until

from postgres import database

PATRONI = os.environ.get("PATRONI")
NEEDED = (
    "This needs Patroni, etcd and HAProxy: pip install 'patroni[etcd3,psycopg3]' into an environment of its own, "
    "apt-get install etcd-server haproxy, and PATRONI=DIRECTORY with the programs of that environment."
)
pytestmark = pytest.mark.skipif(not PATRONI or not shutil.which("etcd") or not shutil.which("haproxy"), reason=NEEDED)
PAIRS, CLIENTS = 100, 4


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    assert PATRONI
    with (
        tempfile.TemporaryDirectory(prefix="suxin-test-", ignore_cleanup_errors=True) as directory,
        open_cluster(Path(directory), Path(PATRONI)) as found,
    ):
        database.migrate(found.by_hosts)
        yield found


@pytest.mark.parametrize("way", ["by_hosts", "by_proxy"])
@pytest.mark.parametrize("event", ["switchover", "loss"])
def test_nothing_acknowledged_is_lost(
    cluster: Cluster, tmp_path: Path, way: str, event: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a switchover, the former primary goes on as a standby that takes no writes."""
    url = getattr(cluster, way)
    stage, engine = open_stage(url, tmp_path, {}, workers=2), database.make_sync_engine(cluster.by_hosts)
    case, former = stage.the_case(), cluster.find_primary()
    assert former
    with ThreadPoolExecutor(CLIENTS) as pool:
        work = [pool.submit(stage.propose_and_review, place, case) for place in range(PAIRS)]
        wait_until(lambda: len(stage.acknowledged) >= PAIRS // 4)
        cluster.switch() if event == "switchover" else former.kill()
        wait_until(lambda: cluster.find_primary() not in {None, former})
        before, promoted = len(stage.acknowledged), time.monotonic()
        wait_until(lambda: len(stage.acknowledged) > before or len(stage.acknowledged) == 2 * PAIRS)
        taken = time.monotonic() - promoted
        for one in work:
            one.result()
    with capsys.disabled():
        print(f"\n{event}, {way}: {len(stage.acknowledged)} acknowledged, the first {taken:.2f} s after the promotion")  # noqa: T201
    stage.check_stored(engine, PAIRS)
    engine.dispose()
    stage.command.stop()
