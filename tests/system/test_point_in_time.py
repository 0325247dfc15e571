"""Recovery to a moment, as docs/backup.md describes it: Debian's PostgreSQL 15 and pgBackRest."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from served import free_port, wait_until
from typed import Run, runner

from commands.exits import ExitCode
from commands.session import install_catalogue, with_engine
from postgres import database

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
pytestmark = pytest.mark.skipif(
    not PROGRAMS.exists() or not shutil.which("pgbackrest"), reason="apt-get install postgresql-15 pgbackrest"
)
SERVER = """
port = {port}
listen_addresses = '127.0.0.1'
unix_socket_directories = '{home}'
archive_mode = on
archive_command = 'pgbackrest --config={home}/pgbackrest.conf --stanza=suxin archive-push %p'
"""
CONFIGURATION = """
[global]
repo1-path={home}/repository
repo1-retention-full=2
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=correct-horse-battery-staple
start-fast=y
spool-path={home}/spool
log-path={home}/log
lock-path={home}/lock

[suxin]
pg1-path={home}/data
pg1-port={port}
pg1-socket-path={home}
pg1-user=suxin
"""


@dataclass(frozen=True)
class Cluster:
    """A server whose log is archived."""

    home: Path
    port: int

    @property
    def url(self) -> sa.URL:
        return sa.make_url(f"postgresql://suxin@127.0.0.1:{self.port}/postgres")

    def run(self, *command: str | Path) -> None:
        """Run a program as the account of the server."""
        user: Any = "nobody" if os.geteuid() == 0 else None
        said = self.home / "said"
        with said.open("w") as into:
            done = subprocess.run(command, user=user, cwd=self.home, stdout=into, stderr=into, check=False)
        assert done.returncode == 0, said.read_text()

    def control(self, *action: str) -> None:
        self.run(PROGRAMS / "pg_ctl", "-D", self.home / "data", "-w", "-l", self.home / "server.log", *action)

    def back_up(self, *command: str) -> None:
        self.run("pgbackrest", f"--config={self.home}/pgbackrest.conf", "--stanza=suxin", *command)

    def ask(self, statement: str) -> Any:
        engine = sa.create_engine(database.use_sync_driver(self.url), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            result = connection.execute(sa.text(statement))
            found = result.scalar() if result.returns_rows else None
        engine.dispose()
        return found


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="suxin-test-") as directory:
        made = Cluster(Path(directory), free_port())
        made.home.chmod(0o777)
        for name in ("repository", "spool", "log", "lock"):
            (made.home / name).mkdir(mode=0o777)
            (made.home / name).chmod(0o777)
        made.run(PROGRAMS / "initdb", "-D", made.home / "data", "-A", "trust", "-U", "suxin", "-N")
        with (made.home / "data" / "postgresql.conf").open("a") as file:
            file.write(SERVER.format(home=made.home, port=made.port))
        (made.home / "pgbackrest.conf").write_text(CONFIGURATION.format(home=made.home, port=made.port))
        made.control("start")
        yield made
        made.control("stop", "-m", "immediate")


@pytest.fixture
def run(cluster: Cluster, tmp_path: Path) -> Run:
    """An installation on it."""
    address = cluster.url.set(drivername="postgresql").render_as_string(hide_password=False)
    database.migrate(cluster.url)
    asyncio.run(with_engine(cluster.url, install_catalogue))
    return runner({"SUXIN_DATABASE_URL": address, "SUXIN_DATA_DIR": str(tmp_path)})


def add_client(run: Run, name: str) -> None:
    done = run("client", "add", name, "--audience", "COMMERCE", "--secret", "--client-id", name)
    assert done.exit_code == 0, done.output


def test_a_mistake_is_undone_and_nothing_before_it(cluster: Cluster, run: Run, exports: Path, tmp_path: Path) -> None:
    lenders = ("import", "lenders", exports / "lenders.csv", "--rejects", tmp_path / "rejects.csv")
    assert run(*lenders).exit_code in {0, 2}
    cluster.back_up("stanza-create")
    cluster.back_up("backup", "--type=full")
    add_client(run, "before")
    parties, moment = cluster.ask("SELECT count(*) FROM party"), cluster.ask("SELECT clock_timestamp()::text")
    cluster.ask("UPDATE party SET name = 'lost', folded = 'lost'")
    add_client(run, "after")
    cluster.ask("SELECT pg_switch_wal()")
    cluster.control("stop", "-m", "fast")
    cluster.back_up("restore", "--delta", "--type=time", f"--target={moment}")
    cluster.control("start")
    wait_until(lambda: bool(cluster.ask("SELECT pg_is_wal_replay_paused()")))
    looked = run("client", "list")
    assert (looked.exit_code, "Recovery waits at its target" in looked.stderr) == (ExitCode.READ_ONLY, True)
    cluster.ask("SELECT pg_wal_replay_resume()")
    wait_until(lambda: not cluster.ask("SELECT pg_is_in_recovery()"))
    listed = run("client", "list").output
    assert ("before" in listed, "after" in listed) == (True, False)
    assert cluster.ask("SELECT count(*) FROM party WHERE name = 'lost'") == 0
    again = run(*lenders)
    assert again.exit_code in {0, 2}, again.output
    assert cluster.ask("SELECT count(*) FROM party") == parties
