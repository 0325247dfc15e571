"""Where the data lives: what is refused, with which sentence, and what several processes may share."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from postgres import database, release
from postgres.errors import DatabaseError
from settings import Settings

OTHER = Path("/usr/lib/postgresql/15/bin")
ADVICE = "Check SUXIN_DATABASE_URL, or unset it to use the embedded server."
STARTED = sa.text("SELECT pg_postmaster_start_time()")


def scalar(url: sa.URL, statement: sa.TextClause) -> object:
    engine = database.make_sync_engine(url)
    with engine.connect() as connection:
        found: object = connection.scalar(statement)
    engine.dispose()
    return found


def refused(url: str) -> str:
    """The sentence that stops a start with this URL."""
    with pytest.raises(DatabaseError) as caught, database.open_database(Settings(database_url=url)):
        pass
    return str(caught.value)


# --- by URL -----------------------------------------------------------------------------------------------------------


def test_a_running_database_is_used_as_it_is(database_url: sa.URL) -> None:
    text = database_url.render_as_string(hide_password=False)
    with database.open_database(Settings(database_url=text)) as url:
        assert url == sa.make_url(text)


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@h:port/d", "postgresql://[::1/d"])
def test_a_url_that_cannot_be_read_is_refused_and_not_repeated(url: str) -> None:
    assert refused(url) == (
        "SUXIN_DATABASE_URL cannot be read: write postgresql://user:password@host:port/database, "
        "with what is special in the password percent-encoded."
    )


def test_where_nothing_listens_is_said_without_the_password() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        said = refused(f"postgresql://suxin:hunter2@127.0.0.1:{port}/suxin")
    assert said.startswith(f"No PostgreSQL answers at postgresql://suxin:***@127.0.0.1:{port}/suxin: ")
    assert said.endswith(ADVICE)
    assert "hunter2" not in said


def test_a_host_without_address_is_said() -> None:
    said = refused("postgresql://suxin@nowhere.invalid/suxin")
    assert said.startswith("No PostgreSQL answers at postgresql://suxin@nowhere.invalid/suxin: ")
    assert said.endswith(ADVICE)


@contextmanager
def gatekeeper() -> Iterator[int]:
    """A server that turns every password away, as PostgreSQL words it. Yields its port."""
    told = b'SFATAL\0C28P01\0Mpassword authentication failed for user "suxin"\0\0'
    answer = b"E" + (len(told) + 4).to_bytes(4, "big") + told

    def turn_away() -> None:
        while True:
            try:
                visitor, _ = listening.accept()
            except OSError:
                return
            with visitor:
                if visitor.recv(1024)[4:8] in ENCRYPTION:
                    visitor.sendall(b"N")
                    visitor.recv(1024)
                visitor.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=turn_away)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


ENCRYPTION = ((80877103).to_bytes(4, "big"), (80877104).to_bytes(4, "big"))
"""The requests for TLS and for GSSAPI that come before the first message."""


def test_a_wrong_password_is_said_and_not_repeated() -> None:
    with gatekeeper() as port:
        said = refused(f"postgresql://suxin:hunter2@127.0.0.1:{port}/suxin")
    assert said.startswith(
        f"PostgreSQL refuses the password of suxin at postgresql://suxin:***@127.0.0.1:{port}/suxin: "
    )
    assert said.endswith(ADVICE)
    assert "hunter2" not in said


def test_a_database_that_does_not_exist_is_said(postgres: sa.URL) -> None:
    said = refused(postgres.set(database="nowhere").render_as_string(hide_password=False))
    assert said.startswith("There is no such database at ")
    assert 'database "nowhere" does not exist' in said
    assert said.endswith(ADVICE)


def test_an_old_server_is_refused(database_url: sa.URL, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "MINIMUM_VERSION", 990000)
    said = refused(database_url.render_as_string(hide_password=False))
    assert said == "Suxin needs PostgreSQL 15 or newer; this server is 18."


def test_the_asynchronous_driver_is_told_of_tls_in_its_own_word() -> None:
    url = sa.make_url("postgresql://u@h/d?sslmode=require&application_name=x")
    assert database.use_async_driver(url) == sa.make_url("postgresql+asyncpg://u@h/d?ssl=require&application_name=x")


# --- embedded ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["data", "data/postgresql"])
def test_a_file_in_place_of_the_data_directory_is_said(tmp_path: Path, place: str) -> None:
    occupied = tmp_path / place
    occupied.parent.mkdir(exist_ok=True)
    occupied.write_text("in the way")
    with pytest.raises(DatabaseError) as caught, database.run_embedded(tmp_path / "data"):
        pass
    said = str(caught.value)
    assert said.startswith(f"The embedded PostgreSQL did not start in {tmp_path / 'data'}: ")
    assert said.endswith("Make the directory writable, or set SUXIN_DATABASE_URL to a PostgreSQL 15 or newer.")
    assert occupied.read_text() == "in the way"


def test_a_data_directory_that_cannot_be_made_is_said() -> None:
    with (
        pytest.raises(DatabaseError, match="did not start in /proc/suxin: "),
        database.run_embedded(Path("/proc/suxin")),
    ):
        pass


def test_why_a_program_of_postgresql_fails_is_said(tmp_path: Path) -> None:
    stray = tmp_path / "data" / "postgresql" / "stray"
    stray.parent.mkdir(parents=True)
    stray.write_text("in the way")
    with (
        pytest.raises(DatabaseError, match=r"did not start in .* exists but is not empty"),
        database.run_embedded(tmp_path / "data"),
    ):
        pass
    assert stray.read_text() == "in the way"


def test_why_the_server_does_not_start_is_said(tmp_path: Path) -> None:
    with database.run_embedded(tmp_path / "data"):
        pass
    with (tmp_path / "data" / "postgresql" / "postgresql.conf").open("a") as file:
        file.write("work_mem = much\n")
    with (
        pytest.raises(DatabaseError, match=r"did not start in .* configuration file .* contains errors"),
        database.run_embedded(tmp_path / "data"),
    ):
        pass


NEIGHBOUR = """
import sys
from pathlib import Path
from typing import Any
from postgres import database
with database.run_embedded(Path(sys.argv[1])) as url:
    print(url.render_as_string(hide_password=False), flush=True)
    sys.stdin.readline()
"""


@contextmanager
def neighbour(data_dir: Path) -> Iterator[sa.URL]:
    """Another process that uses the same data directory. Yields the URL that it was given."""
    command = [sys.executable, "-c", NEIGHBOUR, str(data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield sa.make_url(process.stdout.readline().strip())
        process.stdin.write("leave\n")
    assert process.returncode == 0


def test_two_processes_share_one_server_and_the_last_stops_it(data_dir: Path) -> None:
    with neighbour(data_dir) as theirs:
        with database.run_embedded(data_dir) as ours:
            assert ours == theirs
            started = scalar(ours, STARTED)
        assert scalar(theirs, STARTED) == started
    with pytest.raises(DatabaseError, match="No PostgreSQL answers"):
        database.check_server(theirs)


@contextmanager
def unrelated() -> Iterator[int]:
    """A PostgreSQL 15 of somebody else's on this machine, run by a user that may. Yields its port."""
    home = Path(tempfile.mkdtemp())
    user = "nobody" if os.geteuid() == 0 else None
    if user:
        shutil.chown(home, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run: Any = {"user": user, "cwd": home, "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([OTHER / "initdb", "-D", "data", "-A", "trust", "-U", "suxin", "-N"], **run)
    options = f"-p {port} -h 127.0.0.1 -k {home} -F"
    subprocess.run([OTHER / "pg_ctl", "-D", "data", "-w", "-o", options, "start"], **run)
    try:
        yield port
    finally:
        subprocess.run([OTHER / "pg_ctl", "-D", "data", "-m", "immediate", "stop"], **run)
        shutil.rmtree(home)


@pytest.mark.skipif(not OTHER.exists(), reason="no other PostgreSQL on this machine")
def test_a_server_of_somebody_else_s_is_left_alone(data_dir: Path) -> None:
    version = sa.text("SHOW server_version_num")
    with unrelated() as port:
        theirs = sa.make_url(f"postgresql://suxin@127.0.0.1:{port}/postgres")
        with database.run_embedded(data_dir) as ours:
            assert str(scalar(ours, version))[:2] == "18"
            assert str(scalar(theirs, version))[:2] == "15"
        assert str(scalar(theirs, version))[:2] == "15"


# --- migrations -------------------------------------------------------------------------------------------------------


def test_migrating_again_changes_nothing(database_url: sa.URL) -> None:
    revision = sa.text("SELECT string_agg(version_num, ',') FROM alembic_version")
    before = scalar(database_url, revision)
    database.migrate(database_url)
    assert scalar(database_url, revision) == before


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("postgresql://u:p%40@h1,h2:5433/db?target_session_attrs=primary", "h1,h2 5432,5433"),
        ("postgresql://u@[::1]:5433,10.0.0.2/db", "::1,10.0.0.2 5433,5432"),
        ("postgresql://h1,h2,h3/db", "h1,h2,h3 5432,5432,5432"),
    ],
)
def test_several_hosts_are_written_as_postgresql_writes_them(text: str, hosts: str) -> None:
    url = database.read_url(text)
    assert (f"{url.query['host']} {url.query['port']}", url.host, url.database) == (hosts, None, "db")
    options = database.make_connection_options(url)
    assert (",".join(options["host"]), ",".join(map(str, options["port"]))) == tuple(hosts.split())


def test_one_host_stays_where_it_is() -> None:
    url = database.read_url("postgresql://u:a%2Cb@h1:5433/db?host=/run/postgresql")
    assert (url.host, url.password, url.query) == ("h1", "a,b", {"host": "/run/postgresql"})
