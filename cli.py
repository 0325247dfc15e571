"""The `suxin` command: each command reads its arguments, calls the layer that does the work, and shows the result."""

import os
import time
from pathlib import Path
from typing import Annotated

import httpx2
import typer
import uvicorn

from auth import signing
from auth.server.token_client import ClientCredential, User, request_token
from casework.picture import picture
from commands.catalogue import catalogue
from commands.clients import clients
from commands.courts import court
from commands.doctor.command import doctor
from commands.documents import documents
from commands.importing import import_
from commands.reports import reports
from commands.schema import schema
from commands.session import console, explained, prepared, read_json
from commands.showing import demo
from commands.staff import staff
from commands.vocabulary import vocabulary
from commands.work import publish, worker
from schema.building import build_engine
from schema.policy_table import policy_table
from settings import DATABASE_URL, Settings
from telemetry import logs, traces
from telemetry.exposition import counting_together

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Suxin (诉信): litigation credit of courts, shared over GraphQL."
)
keys = typer.Typer(no_args_is_help=True, help="Change the keys that sign access tokens and reports.")
app.add_typer(clients, name="client")
app.add_typer(documents, name="documents")
app.add_typer(staff, name="staff")
app.add_typer(keys, name="keys")
app.add_typer(schema, name="schema")
app.add_typer(reports, name="report")
app.add_typer(catalogue, name="catalogue")
app.add_typer(vocabulary, name="vocabulary")
app.add_typer(court, name="court")
app.command("import")(import_)
app.command("demo")(demo)
app.command("worker")(worker)
app.command("publish")(publish)
app.command("doctor")(doctor)


@app.command()
def migrate() -> None:
    """Bring the database to the newest revision, and load the catalogue if there is none."""
    with explained(), prepared(Settings.from_environment()):
        console.print("The database is at the newest revision.")


@app.command()
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
                "server:worker",
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


@app.command()
def token(
    client_id: Annotated[str, typer.Argument(help="The client's identifier.")],
    key: Annotated[Path | None, typer.Option(help="File with the client's private JWK.")] = None,
    secret: Annotated[str | None, typer.Option(envvar="SUXIN_CLIENT_SECRET", help="The client's secret.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="A scope; all of the client's by default.")] = None,
    user_name: Annotated[str, typer.Option(help="Litigant portals: name of whom the portal acts for.")] = "",
    user_number: Annotated[str, typer.Option(help="Litigant portals: number of whom the portal acts for.")] = "",
) -> None:
    """Ask the running server at SUXIN_ISSUER for an access token, and print it.

    Example: suxin token demo-bank --key bank.json --scope organization.read
    """
    with explained(), httpx2.Client(timeout=10) as http:
        private = read_json(key) if key else None
        credential = ClientCredential(Settings.from_environment().issuer, client_id, private, secret)
        user = User("command-line", user_name, user_number) if user_number else None
        answer = request_token(credential, http, time.time(), scope or (), user)
    typer.echo(answer["access_token"])


@app.command()
def policy() -> None:
    """Print the policy table: what each type and field needs, and which audiences reach it."""
    typer.echo(policy_table(build_engine().policy), nl=False)


@app.command()
def procedure() -> None:
    """Print the procedure of a deduction: its states as a picture, and who takes which step."""
    typer.echo(picture(), nl=False)


@keys.command("rotate")
def keys_rotate(
    now: Annotated[bool, typer.Option("--now", help="The key is lost: end every token and report at once.")] = False,
) -> None:
    """Let the announced next key sign from now on, and announce another. Running servers notice by themselves."""
    with explained():
        settings = Settings.from_environment()
        signing.SigningKeys(settings.signing_key_file, time.time)
        kid = (
            signing.replace(settings.signing_key_file, time.time())
            if now
            else signing.rotate(settings.signing_key_file, time.time(), settings.token_lifetime)
        )
    typer.echo(f"{kid} signs from now on.")


if __name__ == "__main__":
    app()
