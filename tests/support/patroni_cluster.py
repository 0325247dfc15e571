"""Three nodes of PostgreSQL under Patroni, with etcd and HAProxy in front, from the files below deploy/patroni."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil
import sqlalchemy as sa
import yaml  # type: ignore[import-untyped]  # of a dependency
from served import free_port, wait_until

from postgres import database
from postgres.wheel import find_programs

FILES = Path(__file__).parents[2] / "deploy" / "patroni"
USER: Any = "nobody" if os.geteuid() == 0 else None


@dataclass(eq=False)
class Node:
    """A node: PostgreSQL under Patroni."""

    home: Path
    name: str
    port: int = field(default_factory=free_port)
    api: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def configure(self, etcd: int) -> None:
        """Write its file: that of deploy/patroni with addresses and places of its own."""
        made = yaml.safe_load((FILES / "patroni.yml").read_text())
        address = f"127.0.0.1:{self.port}"
        made |= {"name": self.name, "etcd3": {"hosts": f"127.0.0.1:{etcd}"}}
        made["restapi"] = {"listen": f"127.0.0.1:{self.api}", "connect_address": f"127.0.0.1:{self.api}"}
        made["postgresql"] |= {"listen": address, "connect_address": address, "bin_dir": str(find_programs())}
        made["postgresql"] |= {"data_dir": str(self.home / self.name), "pgpass": str(self.home / f"{self.name}.pgpass")}
        made["postgresql"]["parameters"] = {"unix_socket_directories": ""}
        self.file.write_text(yaml.safe_dump(made))

    @property
    def file(self) -> Path:
        """Its settings."""
        return self.home / f"{self.name}.yml"

    def start(self, patroni: Path) -> None:
        """Start it."""
        with (self.home / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(patroni), str(self.file)], user=USER, cwd=self.home, stdout=log, stderr=log
            )

    def is_primary(self) -> bool:
        """Whether Patroni says so."""
        with suppress(httpx2.TransportError):
            return httpx2.get(f"http://127.0.0.1:{self.api}/primary").status_code == 200
        return False

    def is_synchronous(self) -> bool:
        """Whether a commit may wait for it."""
        with suppress(httpx2.TransportError):
            return httpx2.get(f"http://127.0.0.1:{self.api}/quorum").status_code == 200
        return False

    def kill(self) -> None:
        """Kill Patroni and all of PostgreSQL, as a machine that loses its power does."""
        assert self.process
        number = int((self.home / self.name / "postmaster.pid").read_text().splitlines()[0])
        postmaster = psutil.Process(number)
        for one in (psutil.Process(self.process.pid), postmaster, *postmaster.children()):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()


@dataclass
class Cluster:
    """The nodes, and HAProxy at `port`."""

    nodes: list[Node]
    port: int
    programs: Path

    @property
    def by_proxy(self) -> sa.URL:
        """The address of the primary by HAProxy."""
        return database.read_url(f"postgresql://postgres:superuser-password@127.0.0.1:{self.port}/suxin")

    @property
    def by_hosts(self) -> sa.URL:
        """The addresses of all nodes."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return database.read_url(f"postgresql://postgres:superuser-password@{hosts}/suxin?target_session_attrs=primary")

    def find_primary(self) -> Node | None:
        """The node that is the primary."""
        return next((node for node in self.nodes if node.is_primary()), None)

    def is_whole(self) -> bool:
        """Whether there is a primary and two standbys in its quorum."""
        return self.find_primary() is not None and sum(node.is_synchronous() for node in self.nodes) == 2

    def switch(self) -> None:
        """Have another node become the primary, as an operator does."""
        primary = self.find_primary()
        assert primary
        program, file = str(self.programs / "patronictl"), str(primary.file)
        command = [program, "-c", file, "switchover", "--force", "--leader", primary.name]
        done = subprocess.run([*command, "suxin"], capture_output=True, text=True, check=False)
        assert "Successfully switched over" in done.stdout, done.stdout + done.stderr


@contextmanager
def open_cluster(home: Path, programs: Path) -> Iterator[Cluster]:
    """Start etcd, three nodes with an empty database suxin, and HAProxy. programs: the directory of Patroni's."""
    home.chmod(0o777)
    etcd, peer = free_port(), free_port()
    nodes = [Node(home, name) for name in ("db1", "db2", "db3")]
    running = [start_etcd(home, etcd, peer)]
    try:
        for node in nodes:
            node.configure(etcd)
            node.start(programs / "patroni")
        cluster = Cluster(nodes, free_port(), programs)
        wait_until(cluster.is_whole)
        running.append(start_haproxy(home, cluster))
        create_database(cluster)
        yield cluster
    finally:
        stop([*running, *(node.process for node in nodes if node.process)])


def start_etcd(home: Path, port: int, peer: int) -> subprocess.Popen[bytes]:
    """Start etcd with one member."""
    own, other = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
    options: Mapping[str, str] = {
        "data-dir": str(home / "etcd"),
        "listen-client-urls": own,
        "advertise-client-urls": own,
        "listen-peer-urls": other,
        "initial-advertise-peer-urls": other,
        "initial-cluster": f"default={other}",
    }
    command: list[str] = ["etcd", *(f"--{name}={value}" for name, value in options.items())]
    with (home / "etcd.log").open("ab") as log:
        return subprocess.Popen(command, user=USER, cwd=home, stdout=log, stderr=log)


def start_haproxy(home: Path, cluster: Cluster) -> subprocess.Popen[bytes]:
    """Start HAProxy with the file of deploy/patroni."""
    text = (FILES / "haproxy.cfg").read_text()
    for number, node in enumerate(cluster.nodes, 1):
        own = f"{node.name} 127.0.0.1:{node.port} check port {node.api}"
        text = text.replace(f"{node.name} 127.0.0.{number}:5432 check port 8008", own)
    text = text.replace("bind 127.0.0.1:5000", f"bind 127.0.0.1:{cluster.port}")
    text = text.replace("bind 127.0.0.1:5001", f"bind 127.0.0.1:{free_port()}")
    (home / "haproxy.cfg").write_text(text)
    with (home / "haproxy.log").open("ab") as log:
        return subprocess.Popen(["haproxy", "-f", str(home / "haproxy.cfg")], cwd=home, stdout=log, stderr=log)


def create_database(cluster: Cluster) -> None:
    """Create the empty database."""
    url = cluster.by_hosts.set(database="postgres")
    engine = sa.create_engine(database.use_sync_driver(url), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE suxin")
    engine.dispose()


def stop(running: list[subprocess.Popen[bytes]]) -> None:
    """End all of them."""
    for process in running:
        with suppress(psutil.NoSuchProcess):
            one = psutil.Process(process.pid)
            for child in (*one.children(recursive=True), one):
                with suppress(psutil.NoSuchProcess):
                    child.send_signal(signal.SIGKILL)
        process.wait()
