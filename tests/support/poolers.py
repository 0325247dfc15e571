"""PgBouncer before a test's database, with the configuration in deploy/pgbouncer."""

import configparser
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from served import free_port, wait_until

SHIPPED = Path(__file__).parents[2] / "deploy" / "pgbouncer" / "pgbouncer.ini"
VARIABLE = "PGBOUNCER"
OLD, NEEDED = "/usr/sbin/pgbouncer", (1, 21)
WANTED = (
    "PgBouncer 1.21 or newer is not on this machine: install it, or unpack that of a newer Debian beside the installed "
    f"one with `tests/newer_pgbouncer.sh DIRECTORY`, and name it by {VARIABLE}=DIRECTORY/pgbouncer"
)


@cache
def get_version(program: str) -> tuple[int, ...]:
    """The version of a PgBouncer; nothing if it cannot be run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    found = re.search(r"PgBouncer (\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else ()


def find_pooler() -> str | None:
    """A PgBouncer that knows prepared statements."""
    candidates = [os.environ.get(VARIABLE), shutil.which("pgbouncer"), OLD]
    return next((one for one in candidates if one and get_version(one) >= NEEDED), None)


def find_old_pooler() -> str | None:
    """A PgBouncer that knows none."""
    return OLD if () < get_version(OLD) < NEEDED else None


@dataclass
class Pooler:
    """A PgBouncer before `url`, whose user it lets in. changes: to the shipped configuration. folder: of its own."""

    program: str
    url: sa.URL
    folder: Path
    changes: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> sa.URL:
        """Its address."""
        return self.url.set(drivername="postgresql", host="127.0.0.1", port=self.port, query={})

    @property
    def text(self) -> str:
        """Its address as a setting."""
        return self.address.render_as_string(hide_password=False)

    def configure(self) -> Path:
        """Write its configuration."""
        found = configparser.ConfigParser(interpolation=None)
        found.read(SHIPPED)
        host = self.url.query.get("host") or self.url.host
        port = f" port={self.url.port}" if self.url.port else ""
        found["databases"] = {str(self.url.database): f"host={host}{port} dbname={self.url.database}"}
        own = {"listen_port": str(self.port), "auth_file": str(self.folder / "users.txt")}
        found["pgbouncer"].update({**own, **self.changes})
        for name in [name for name, value in found["pgbouncer"].items() if value == "-"]:
            del found["pgbouncer"][name]
        with (file := self.folder / "pgbouncer.ini").open("w") as into:
            found.write(into)
        (self.folder / "users.txt").write_text(f'"{self.url.username}" "{self.url.password}"\n')
        return file

    def start(self) -> None:
        """Start it, and wait until it is there."""
        self.folder.chmod(0o755)
        file = self.configure()
        host = self.url.query.get("host")
        user: Any = (Path(str(host)).owner() if host else "nobody") if os.geteuid() == 0 else None
        with (self.folder / "pgbouncer.log").open("ab") as into:
            self.process = subprocess.Popen([self.program, str(file)], user=user, stdout=into, stderr=into)
        wait_until(self._answers)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        """End it, with the connections of its clients."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        """Its log."""
        return (self.folder / "pgbouncer.log").read_text()
