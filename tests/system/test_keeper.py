"""The keeper of the embedded server: the real command in an empty directory, whose processes are killed."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil
import pytest
from conftest import server_directory
from served import Command, wait_until

WORKERS = 2


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with server_directory() as made:
        yield made


@pytest.fixture(scope="module")
def kept(directory: Path) -> Iterator[Command]:
    """One that has made its database."""
    command = Command({"SUXIN_DATA_DIR": str(directory)}, WORKERS)
    command.start()
    yield command
    assert command.process
    if command.process.poll() is None:
        command.stop()


def find_server(directory: Path) -> psutil.Process:
    """The first process of the embedded server."""
    return psutil.Process(int((directory / "postgresql" / "postmaster.pid").read_text().splitlines()[0]))


def find_keeper(directory: Path) -> psutil.Process:
    """The process that has the lock open, and is no serving one."""
    lock = str(directory / "postgresql.keeper")
    (found,) = (one for one in psutil.process_iter() if lock in list_files(one))
    return found


def list_files(one: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        return [file.path for file in one.open_files()]
    return []


def get_status(command: Command, path: str) -> int:
    return httpx2.get(f"{command.origin}{path}", timeout=10).status_code


def has_ended(one: psutil.Process) -> bool:
    return not one.is_running() or one.status() == psutil.STATUS_ZOMBIE


def test_a_server_that_is_killed_is_started_again(kept: Command, directory: Path) -> None:
    wait_until(lambda: get_status(kept, "/livez") == 200)
    before = find_server(directory)
    before.kill()
    wait_until(lambda: has_ended(before))
    wait_until(lambda: get_status(kept, "/readyz") == 200)
    assert find_server(directory).pid != before.pid


def test_a_dead_keeper_is_told_and_replaced(kept: Command, directory: Path) -> None:
    assert kept.process
    keeper = find_keeper(directory)
    kept.process.send_signal(signal.SIGSTOP)  # it would replace the keeper at once
    keeper.kill()
    wait_until(lambda: get_status(kept, "/livez") == 503)
    told = httpx2.get(f"{kept.origin}/livez").json()
    assert told == {"status": "no keeper", "reason": "Nobody watches the embedded PostgreSQL."}
    kept.process.send_signal(signal.SIGCONT)
    wait_until(lambda: get_status(kept, "/livez") == 200)
    assert find_keeper(directory).pid != keeper.pid


def test_the_server_stops_after_a_command_that_was_killed(kept: Command, directory: Path) -> None:
    server = find_server(directory)
    kept.kill()
    wait_until(lambda: has_ended(server))


def test_the_server_stops_with_the_command(kept: Command, directory: Path) -> None:
    """By SIGTERM; before, what the killed one has left is no hindrance."""
    again = Command({"SUXIN_DATA_DIR": str(directory)}, WORKERS)
    again.start()
    server = find_server(directory)
    again.stop()
    assert (again.process and again.process.returncode, has_ended(server)) == (0, True)
