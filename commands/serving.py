"""`suxin serve`: run the service."""

import os
from typing import Annotated

import typer
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from commands.session import console, create_database, explain_errors, is_new, use_database
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
        settings = Settings.from_environment()
        traces.is_wanted(os.environ)  # validates the variables
        opened = create_database(settings, console) if is_new(settings) else use_database(settings, console, keys=True)
        with opened as url, share_counters():
            console.print(f"Suxin listens on http://{host}:{port}/graphql as {settings.issuer}")
            service = database.get_service_url(settings, url)
            os.environ[DATABASE_URL] = service.render_as_string(hide_password=False)
            config = configure(settings, host, port, workers)
            os.environ[WORKER] = "false"  # it has a process of its own
            work = "commands.work:work_until_ended" if settings.worker else None
            supervisor = Supervisor(config, [config.bind_socket()], work)
            supervisor.run()
            if supervisor.failed:
                raise typer.Exit(STARTUP_FAILURE)


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
