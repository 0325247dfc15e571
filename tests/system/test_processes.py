"""The processes of `suxin serve`: each is replaced, and none outlives the command."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import psutil
import pytest
import sqlalchemy as sa
from served import Command, free_port, wait_until
from uvicorn.config import STARTUP_FAILURE

from postgres.locks import Lock

LEADER = sa.text(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = :lock"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture(scope="module")
def standing(installed: Mapping[str, str]) -> Iterator[Command]:
    """One that goes on."""
    made = Command(installed)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def command(installed: Mapping[str, str]) -> Iterator[Command]:
    made = Command(installed)
    made.start()
    yield made
    assert made.process
    if made.process.poll() is None:
        made.stop()


def list_processes(command: Command) -> list[psutil.Process]:
    """The serving process and the worker, without the helper that `multiprocessing` starts."""
    assert command.process
    children = psutil.Process(command.process.pid).children()
    return [one for one in children if "spawn_main" in " ".join(one.cmdline())]


def holds_port(one: psutil.Process) -> bool:
    return any(found.status == psutil.CONN_LISTEN for found in one.net_connections())


def find_leader(engine: sa.Engine) -> int | None:
    with engine.connect() as connection:
        found: int | None = connection.scalar(LEADER, {"lock": Lock.LEADERSHIP})
        return found


def test_a_worker_that_dies_is_replaced_and_requests_are_answered(standing: Command, sync_engine: sa.Engine) -> None:
    wait_until(lambda: find_leader(sync_engine) is not None)
    first, (worker,) = find_leader(sync_engine), [one for one in list_processes(standing) if not holds_port(one)]
    worker.kill()
    assert httpx2.get(f"{standing.origin}/readyz").status_code == 200
    wait_until(lambda: find_leader(sync_engine) not in {None, first})


def test_a_serving_process_that_dies_is_replaced(standing: Command) -> None:
    before = [one for one in list_processes(standing) if holds_port(one)]
    before[0].kill()
    wait_until(lambda: not before[0].is_running() or before[0].status() == psutil.STATUS_ZOMBIE)
    wait_until(lambda: httpx2.get(f"{standing.origin}/readyz").status_code == 200)
    assert [one.pid for one in list_processes(standing) if holds_port(one)] != [before[0].pid]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_the_command(command: Command, number: signal.Signals) -> None:
    assert command.process
    started = list_processes(command)
    os.kill(command.process.pid, number)
    wanted = -signal.SIGKILL if number is signal.SIGKILL else 0
    assert command.process.wait() == wanted
    assert psutil.wait_procs(started, timeout=60)[1] == []


def test_one_command_counts_for_its_worker_and_its_requests(standing: Command) -> None:
    wait_until(lambda: "suxin_log_appended" in httpx2.get(f"{standing.origin}/metrics").text)
    assert "suxin_connections_limit" in httpx2.get(f"{standing.origin}/metrics").text


def test_what_cannot_start_is_not_tried_for_ever(installed: Mapping[str, str], tmp_path: Path) -> None:
    """A file that exists, and has no certificate in it."""
    wrong = tmp_path / "authorities.pem"
    wrong.write_text("nothing")
    settings = {"SUXIN_CERTIFICATE_HEADER": "Client-Cert", "SUXIN_CERTIFICATE_AUTHORITIES": str(wrong)}
    command = [str(Path(sys.executable).with_name("suxin")), "serve", "--port", str(free_port())]
    environment = {**os.environ, **installed, **settings, "SUXIN_TRUSTED_PROXIES": "127.0.0.1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == STARTUP_FAILURE
    assert "SUXIN_CERTIFICATE_AUTHORITIES must name a file with certificates" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
