"""`suxin serve`: run the service."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated

import sqlalchemy as sa
import typer
import uvicorn

from commands.configuration import read_settings
from commands.exits import explain_port
from commands.serving.changed_settings import record_settings
from commands.serving.supervisor import make_supervisor
from commands.session import (
    console,
    create_database,
    errors,
    explain_errors,
    has_keys,
    is_new,
    make_keys,
    use_database,
)
from postgres import database
from postgres.errors import DatabaseAwayError
from postgres.keeping import KEPT, get_lock_file
from protocols.http import BoundedHttpProtocol
from protocols.websocket import BoundedWebSocketProtocol
from settings import DATABASE_URL, WORKER, Settings
from telemetry import logs, traces
from telemetry.exposition import share_counters

KEEP_ALIVE_SECONDS = 75
"""How long an idle connection stays open: longer than the pools of clients and proxies keep one, so that none is closed
when its client uses it again."""


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Number of processes, usually the number of cores.")] = 1,
) -> None:
    """Run the service. GraphQL at /graphql, OAuth at /oauth, reports at /reports/CODE, health at /livez and /readyz,
    counters at /metrics.

    Example: SUXIN_ISSUER=https://suxin.court.example suxin serve --host 0.0.0.0 --workers 4
    """
    with explain_errors():
        settings = read_settings()
        traces.is_wanted(os.environ)  # validates the variables
        with listen_on(host, port) as listener, _open(settings) as url, share_counters():
            make_keys(settings)
            _note(settings, url)
            console.print(f"Suxin listens on http://{host}:{port}/graphql as {settings.issuer}")
            service = database.get_service_url(settings, url)
            os.environ[DATABASE_URL] = service.render_as_string(hide_password=False)
            os.environ[WORKER] = "false"  # it has a process of its own
            if kept := not settings.database_url:
                os.environ[KEPT] = str(get_lock_file(settings.data_dir))
            config = configure(settings, host, port, workers)
            supervisor = make_supervisor(config, listener, work=settings.worker, kept=kept)
            supervisor.run()
            if supervisor.code:
                raise typer.Exit(supervisor.code)


def _note(settings: Settings, url: sa.URL) -> None:
    """Record settings that have changed, unless the database is away: then the next start does."""
    try:
        record_settings(settings, url)
    except sa.exc.OperationalError:
        errors.print("The database is away: changed settings are recorded at the next start.", soft_wrap=True)


@contextmanager
def _open(settings: Settings) -> Iterator[sa.URL]:
    """The database, which is made in an empty data directory only. One that is away is waited for by the processes that
    serve, if the keys are there: they are made for an empty register only, and it must be seen to be empty."""
    with ExitStack() as stack:
        opening = (
            create_database(settings, console)
            if is_new(settings)
            else use_database(settings, console, keys=True, signs=True)
        )
        try:
            url = stack.enter_context(opening)
        except DatabaseAwayError as error:
            if not settings.database_url or not has_keys(settings):
                raise
            errors.print(f"{error} It is waited for.", soft_wrap=True, markup=False)
            url = database.read_url(settings.database_url)
        yield url


@contextmanager
def listen_on(host: str, port: int) -> Iterator[socket.socket]:
    """A socket for the serving processes. Raises CommandError if the port is taken or may not be used."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise explain_port(error, host, port) from error
        listener.set_inheritable(True)
        yield listener


def configure(settings: Settings, host: str, port: int, workers: int) -> uvicorn.Config:
    """Return the configuration of the serving processes."""
    return uvicorn.Config(
        "commands.serving.process:create_worker",
        factory=True,
        workers=workers,
        host=host,
        port=port,
        log_config=logs.build_configuration(logs.form_of(settings.log), debug=settings.debug),
        access_log=False,
        proxy_headers=False,  # `TrustedProxies` of the serving processes reads them
        server_header=False,
        http=BoundedHttpProtocol,
        ws=BoundedWebSocketProtocol,
        ws_max_size=64 * 1024,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=20,
        timeout_worker_healthcheck=30,  # starting takes long on a busy machine
    )
