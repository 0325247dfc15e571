"""`suxin serve`: the service, until it is stopped."""

import os
from typing import Annotated

import typer
import uvicorn

from commands.session import console, explained, prepared
from settings import DATABASE_URL, Settings
from telemetry import logs, traces
from telemetry.exposition import counting_together


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer; as many as there are cores.")] = 1,
) -> None:
    """Run the service. GraphQL at /graphql, OAuth at /oauth, reports at /reports/CODE, health at /livez and /readyz,
    counters at /metrics.

    Example: SUXIN_ISSUER=https://suxin.court.example suxin serve --host 0.0.0.0 --workers 4
    """
    with explained():
        settings = Settings.from_environment()
        traces.wanted(os.environ)  # for its errors
        with prepared(settings) as url, counting_together(workers):
            console.print(f"Suxin listens on http://{host}:{port}/graphql as {settings.issuer}")
            os.environ[DATABASE_URL] = url.render_as_string(hide_password=False)
            uvicorn.run(
                "server:create_worker",
                factory=True,
                workers=workers,
                host=host,
                port=port,
                log_config=logs.configuration(logs.form_of(settings.log)),
                access_log=False,
                proxy_headers=False,  # who asks is told by a token, and where we are by a setting
                server_header=False,
                ws_max_size=64 * 1024,
                timeout_graceful_shutdown=20,
                timeout_worker_healthcheck=30,  # a worker on a busy machine takes its time to begin
            )
