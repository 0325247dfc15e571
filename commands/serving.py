"""`suxin serve`: run the service."""

import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated

import sqlalchemy as sa
import typer
import uvicorn

from commands.configuration import read_settings
from commands.exits import ExitCode, explain_port
from commands.session import console, create_database, explain_errors, is_new, make_keys, use_database
from commands.supervisor import Supervisor
from postgres import database
from protocols.http import BoundedHttpProtocol
from protocols.websocket import BoundedWebSocketProtocol
from settings import DATABASE_URL, WORKER, Settings
from telemetry import logs, traces
from telemetry.exposition import share_counters


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
            console.print(f"Suxin listens on http://{host}:{port}/graphql as {settings.issuer}")
            service = database.get_service_url(settings, url)
            os.environ[DATABASE_URL] = service.render_as_string(hide_password=False)
            os.environ[WORKER] = "false"  # it has a process of its own
            work = "commands.work:work_until_ended" if settings.worker else None
            supervisor = Supervisor(configure(settings, host, port, workers), [listener], work)
            supervisor.run()
            if supervisor.failed:
                raise typer.Exit(ExitCode.ENDED)


def _open(settings: Settings) -> AbstractContextManager[sa.URL]:
    """The database, which is made in an empty data directory only."""
    return create_database(settings, console) if is_new(settings) else use_database(settings, console, keys=True)


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
        "server:create_worker",
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
        timeout_graceful_shutdown=20,
        timeout_worker_healthcheck=30,  # starting takes long on a busy machine
    )
