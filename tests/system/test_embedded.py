"""The embedded server: its memory, a slow start, and locks that nobody holds."""

import os
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa
from sqlalchemy import URL

from postgres import database, embedded
from postgres.errors import DatabaseError

wheel: Any = vars(embedded)["wheel"]


def shown(url: URL, setting: str) -> str:
    """The value of a setting of the server."""
    engine = database.make_sync_engine(url)
    with engine.connect() as connection:
        value = str(connection.scalar(sa.text(f"SHOW {setting}")))
    engine.dispose()
    return value


def open_log(data_dir: Path) -> None:
    """Make the log, which the wheel reads to tell why a start failed; the server may be another user."""
    log = data_dir / "postgresql" / "log"
    log.touch()
    log.chmod(0o666)


@pytest.mark.parametrize(
    ("memory", "buffers"), [(2**29, 128), (2**30, 128), (2**32, 512), (2**33, 1024), (2**40, 1024)]
)
def test_memory_is_an_eighth_of_the_machine_s_within_bounds(
    monkeypatch: pytest.MonkeyPatch, memory: int, buffers: int
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"total": memory}))
    assert embedded.compute_shared_buffers() == buffers


def test_the_server_has_the_memory_of_the_machine_that_it_starts_on(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for megabytes in (130, 140):
        monkeypatch.setattr(embedded, "compute_shared_buffers", lambda megabytes=megabytes: megabytes)
        with database.run_embedded(data_dir) as url:
            assert shown(url, "shared_buffers") == f"{megabytes}MB"
    assert (data_dir / "postgresql" / "postgresql.conf").read_text().count(embedded.SETTINGS) == 1


def test_a_slow_start_is_waited_for(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a crash a server may need longer than the ten seconds that the wheel gives it."""
    real, hurried = wheel.pg_ctl, list[str]()

    def impatient(arguments: list[str], **options: Any) -> Any:
        if arguments[-1] != "start":
            return real(arguments, **options)
        hurried.append("start")
        open_log(data_dir)
        real([one for one in arguments if one != "-w"] + ["-W"], **options)
        raise subprocess.TimeoutExpired("pg_ctl", 10)

    monkeypatch.setattr(wheel, "pg_ctl", impatient)
    with database.run_embedded(data_dir) as url:
        assert (shown(url, "server_version")[:2], hurried) == ("18", ["start"])


def test_what_never_gets_ready_is_given_up_and_may_be_tried_again(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hanging(arguments: list[str], **options: Any) -> None:
        open_log(data_dir)
        raise subprocess.TimeoutExpired("pg_ctl", 10)

    with monkeypatch.context() as ill:
        ill.setattr(wheel, "pg_ctl", hanging)
        ill.setattr(embedded, "START_SECONDS", 0)
        with (
            pytest.raises(DatabaseError, match=r"did not start in .*: TimeoutExpired"),
            database.run_embedded(data_dir),
        ):
            pass
    with database.run_embedded(data_dir) as url:
        assert shown(url, "server_version")[:2] == "18"


def test_the_lock_of_a_server_that_died_with_its_machine_is_removed(data_dir: Path) -> None:
    """Its process number belongs to another process after the machine has started again."""
    with database.run_embedded(data_dir):
        pass
    directory = data_dir / "postgresql"
    lines = [os.getpid(), directory, 1, 5432, directory, "", "1 1", "ready"]
    (directory / "postmaster.pid").write_text("".join(f"{line}\n" for line in lines))
    with database.run_embedded(data_dir) as url:
        assert shown(url, "server_version")[:2] == "18"
