"""Nothing starts wrong: the real command, with two workers, ends with one sentence and the exit code of the failure."""

import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import SERVICE_USER, as_service
from forked import run_forked
from served import free_port

from commands.exits import ExitCode
from postgres import database, release
from settings import DATABASE_URL, OWNER_URL

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
PASSWORD = "hunter2"


def text(url: sa.URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


Serve = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """What `suxin serve` says that does not start, without a stack trace and without a password."""

    def run(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        given = arguments if "serve" in arguments else ("serve", "--workers", "2", *arguments)
        done = run_forked(environment, *given, into=tmp_path_factory.mktemp("said"))
        said = done.stdout + done.stderr
        assert ("Traceback" in said, PASSWORD in said) == (False, False), said
        return done

    return run


@pytest.fixture
def port() -> str:
    return str(free_port())


def test_a_port_that_is_taken(serve: Serve, installed: Mapping[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]
        done = serve(installed, "--port", str(number))
    told = f"Port {number} of 127.0.0.1 is taken by another program. Stop it, or choose another port with --port.\n"
    assert (done.returncode, done.stderr) == (ExitCode.PORT, told)


def test_an_address_of_another_machine(serve: Serve, installed: Mapping[str, str], port: str) -> None:
    done = serve(installed, "--host", "192.0.2.1", "--port", port)
    assert (done.returncode, "192.0.2.1 is no address of this machine." in done.stderr) == (ExitCode.PORT, True)


def test_a_directory_that_cannot_be_written_to(serve: Serve, tmp_path: Path, port: str) -> None:
    """The embedded database's."""
    (tmp_path / "file").write_text("in the way")
    done = serve({"SUXIN_DATA_DIR": str(tmp_path / "file")}, "--port", port)
    assert done.returncode == ExitCode.PLACE
    assert f"The embedded PostgreSQL did not start in {tmp_path / 'file'}: " in done.stderr


def test_keys_that_cannot_be_written(serve: Serve, installed: Mapping[str, str], tmp_path: Path, port: str) -> None:
    """Those of a database of the court's own."""
    (tmp_path / "keys").write_text("in the way")
    done = serve({**installed, "SUXIN_DATA_DIR": str(tmp_path)}, "--port", port)
    assert (done.returncode, "Make its directory writable." in done.stderr) == (ExitCode.PLACE, True), done.stderr


def test_no_server_and_no_keys(serve: Serve, installed: Mapping[str, str], tmp_path: Path, port: str) -> None:
    """Keys are made for an empty register only, and it cannot be seen to be empty."""
    away = {DATABASE_URL: f"postgresql://suxin:{PASSWORD}@127.0.0.1:1/suxin", "SUXIN_DATA_DIR": str(tmp_path)}
    done = serve({**installed, **away}, "--port", port)
    assert done.returncode == ExitCode.AWAY
    assert done.stderr.startswith("No PostgreSQL answers at postgresql://suxin:***@127.0.0.1:1/suxin: ")


def test_a_wrong_password(serve: Serve, installed: Mapping[str, str], database_url: sa.URL, port: str) -> None:
    wrong = as_service(database_url).set(password=PASSWORD)
    done = serve({**installed, DATABASE_URL: text(wrong)}, "--port", port)
    assert done.returncode == ExitCode.DENIED
    assert done.stderr.startswith(
        f"PostgreSQL refuses the password of {SERVICE_USER} at postgresql://{SERVICE_USER}:***@"
    )


def test_a_password_that_is_not_encoded(serve: Serve, installed: Mapping[str, str], port: str) -> None:
    done = serve({**installed, DATABASE_URL: f"postgresql://suxin:p@{PASSWORD}@127.0.0.1/suxin"}, "--port", port)
    assert done.returncode == ExitCode.SETTINGS
    assert done.stderr.startswith(
        "SUXIN_DATABASE_URL has a user or password with a character that means something else"
    )


def test_an_unknown_setting(serve: Serve, installed: Mapping[str, str], tmp_path: Path, port: str) -> None:
    (tmp_path / "suxin.env").write_text(f"SUXIN_DATABSE_URL={PASSWORD}\n")
    config = ("--config", str(tmp_path / "suxin.env"))
    done = serve(installed, *config, "serve", "--workers", "2", "--port", port)
    assert done.returncode == ExitCode.SETTINGS
    assert done.stderr.startswith("Unknown setting SUXIN_DATABSE_URL.")


@pytest.mark.parametrize(
    ("change", "back", "told"),
    [
        (
            "REVOKE SELECT ON alembic_version FROM suxin_service",
            "GRANT SELECT ON alembic_version TO suxin_service",
            (ExitCode.DENIED, "The database refuses: permission denied for table alembic_version. Run `suxin migrate`"),
        ),
        (
            "REVOKE INSERT ON party FROM suxin_service",
            "GRANT INSERT ON party TO suxin_service",
            (ExitCode.DENIED, "suxin_service or suxin_reader have other rights than they should on party."),
        ),
        (
            "UPDATE alembic_version SET version_num = '9999'",
            "UPDATE alembic_version SET version_num = '{head}'",
            (ExitCode.VERSION, f"which this {release.get_name()} does not know."),
        ),
    ],
)
def test_a_missing_right_and_a_newer_database(
    serve: Serve,
    installed: Mapping[str, str],
    sync_engine: sa.Engine,
    port: str,
    change: str,
    back: str,
    told: tuple[ExitCode, str],
) -> None:
    def execute(statement: str) -> Any:
        with sync_engine.begin() as connection:
            connection.execute(sa.text(statement))

    execute(change)
    try:
        done = serve({**installed, DATABASE_URL: text(as_service(sync_engine.url))}, "--port", port)
    finally:
        execute(back.format(head=database.list_revisions()[0]))
    assert (done.returncode, told[1] in done.stderr) == (told[0], True), done.stderr


def test_a_wrong_password_of_the_owner(
    serve: Serve, installed: Mapping[str, str], database_url: sa.URL, port: str
) -> None:
    wrong = {OWNER_URL: text(as_service(database_url).set(password=PASSWORD))}
    done = serve({**installed, **wrong}, "--port", port)
    assert (done.returncode, f"Check {OWNER_URL}" in done.stderr) == (ExitCode.DENIED, True)


def test_every_exit_code_is_documented() -> None:
    page = OPERATIONS.read_text()
    missing = [code for code in ExitCode if f"\n| {code.value} |" not in page]
    assert missing == []
