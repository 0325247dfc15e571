"""The direct URL must lead to sessions of one's own: a pooler that shares them is told from one that does not."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import SERVICE_PASSWORD, SERVICE_USER, as_service
from served import free_port, wait_until

from postgres import database
from postgres.errors import DatabaseError
from postgres.sessions.examination import keeps_sessions

POOLER = "/usr/sbin/pgbouncer"
Pooled = Callable[[str], sa.URL]
SETTINGS = """
[databases]
{name} = host={host}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users.txt
pool_mode = {mode}
ignore_startup_parameters = {ignored}
"""
IGNORED = "statement_timeout,lock_timeout,idle_in_transaction_session_timeout,jit,search_path,plan_cache_mode"


async def test_a_server_itself_keeps_them(database_url: sa.URL) -> None:
    assert await keeps_sessions(database.make_connection_options(database_url))


@pytest.fixture
def pooled(database_url: sa.URL) -> Iterator[Pooled]:
    """Starts a pooler before the module's database."""
    started = list[subprocess.Popen[bytes]]()
    with tempfile.TemporaryDirectory(prefix="suxin-test-") as home:
        folder = Path(home)
        folder.chmod(0o755)

        def start(mode: str) -> sa.URL:
            port, host = free_port(), str(database_url.query["host"])
            user = Path(host).owner() if os.geteuid() == 0 else None  # it does not run as root
            given = {"name": database_url.database, "host": host, "port": port, "folder": folder, "mode": mode}
            (folder / "pooler.ini").write_text(SETTINGS.format(**given, ignored=IGNORED))
            (folder / "users.txt").write_text(f'"{SERVICE_USER}" "{SERVICE_PASSWORD}"\n')
            started.append(subprocess.Popen([POOLER, "-q", str(folder / "pooler.ini")], user=user))
            url = as_service(database_url).set(host="127.0.0.1", port=port, query={})
            wait_until(lambda: _answers(url))
            return url

        yield start
        for one in started:
            one.terminate()
            one.wait()


def _answers(url: sa.URL) -> bool:
    try:
        database.check_server(url)
    except DatabaseError:
        return False
    return True


@pytest.mark.skipif(not Path(POOLER).exists(), reason="PgBouncer is not on this machine")
@pytest.mark.parametrize(("mode", "kept"), [("session", True), ("transaction", False)])
async def test_a_pooler(pooled: Pooled, mode: str, kept: bool) -> None:
    assert await keeps_sessions(database.make_connection_options(pooled(mode))) is kept
