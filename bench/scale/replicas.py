"""A primary and its standbys, on one machine, by the programs of the embedded PostgreSQL."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from bench.systems.processes import free_port
from postgres import database
from postgres.wheel import find_programs

SERVER = """
port = {port}
listen_addresses = '127.0.0.1'
unix_socket_directories = '{home}'
max_connections = 120
wal_keep_size = '256MB'
"""
QUORUM = "synchronous_standby_names = 'ANY 1 (standby1, standby2)'\n"
TRUST = "local all all trust\nhost all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n"


@dataclass
class Replica:
    """A server: the primary, or a standby of it."""

    home: Path
    name: str
    port: int = field(default_factory=free_port)

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.home / self.name

    def run(self, program: str, *arguments: str | Path) -> None:
        """Run a program of PostgreSQL as the account of the server."""
        programs = find_programs()
        assert programs
        user: Any = "nobody" if os.geteuid() == 0 else None
        said = self.home / f"{self.name}.{program}"
        with said.open("w") as into:
            command = [programs / program, *arguments]
            done = subprocess.run(command, user=user, cwd=self.home, stdout=into, stderr=into, check=False)
        assert done.returncode == 0, said.read_text()

    def control(self, action: str, *options: str) -> None:
        """Start, stop or promote it, and wait until that is done."""
        self.run("pg_ctl", "-D", self.data, "-w", "-l", self.home / f"{self.name}.log", action, *options)

    def configure(self, text: str) -> None:
        """Add settings."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(text.format(port=self.port, home=self.home))

    def follow(self, primary: "Replica") -> None:
        """Replicate from another server."""
        self.ask(f"ALTER SYSTEM SET primary_conninfo = '{self.name_source(primary)}'")
        self.ask("SELECT pg_reload_conf()")

    def name_source(self, primary: "Replica") -> str:
        """Where it replicates from, and as whom."""
        return f"host=127.0.0.1 port={primary.port} user=suxin application_name={self.name}"

    def kill(self) -> None:
        """Kill all its processes, as a machine that loses its power does."""
        postmaster = psutil.Process(int((self.data / "postmaster.pid").read_text().splitlines()[0]))
        for one in (postmaster, *postmaster.children()):
            one.kill()

    def ask(self, statement: str) -> Any:
        """The value of a statement."""
        url = sa.URL.create("postgresql+psycopg", "suxin", None, "127.0.0.1", self.port, "postgres")
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            result = connection.execute(sa.text(statement))
            return result.scalar() if result.returns_rows else None


@dataclass
class Replicas:
    """A primary and two standbys, one of which confirms each commit."""

    primary: Replica
    standbys: list[Replica]

    @property
    def url(self) -> sa.URL:
        """The address of whichever is the primary, as PostgreSQL writes it."""
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in (self.primary, *self.standbys))
        return database.read_url(f"postgresql://suxin@{hosts}/suxin?target_session_attrs=primary")

    def promote_the_furthest(self) -> Replica:
        """Promote the standby that has received most, and have the other follow it, as a cluster manager does."""
        far = "SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')"
        chosen = max(self.standbys, key=lambda one: one.ask(far))
        chosen.control("promote")
        for other in self.standbys:
            if other is not chosen:
                other.follow(chosen)
        return chosen


@contextmanager
def open_replicas(home: Path) -> Iterator[Replicas]:
    """Start a primary with an empty database suxin, and two standbys."""
    home.chmod(0o777)
    primary, *standbys = (Replica(home, name) for name in ("primary", "standby1", "standby2"))
    collation = ("--locale-provider=libc", "--lc-collate=C", "--lc-ctype=C.UTF-8")
    primary.run("initdb", "-D", primary.data, "-U", "suxin", "-E", "UTF8", "-A", "trust", *collation)
    (primary.data / "pg_hba.conf").write_text(TRUST)
    primary.configure(SERVER + QUORUM)
    primary.control("start")
    try:
        for one in standbys:
            primary.run("pg_basebackup", "-D", one.data, "-R", "-c", "fast", "-d", one.name_source(primary))
            one.configure(f"port = {one.port}\n")
            one.control("start")
        primary.ask("CREATE DATABASE suxin")
        yield Replicas(primary, standbys)
    finally:
        for one in (primary, *standbys):
            if (one.data / "postmaster.pid").exists():
                with suppress(psutil.NoSuchProcess):  # it was killed
                    one.kill()
        shutil.rmtree(home, ignore_errors=True)
