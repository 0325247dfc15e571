"""`suxin token`: request an access token."""

import time
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from auth.server.token_client import ClientCredential, User, request_token
from commands.session import explain_errors, read_json
from settings import Settings


def token(
    client_id: Annotated[str, typer.Argument(help="The client's identifier.")],
    key: Annotated[Path | None, typer.Option(help="File with the client's private JWK.")] = None,
    secret: Annotated[str | None, typer.Option(envvar="SUXIN_CLIENT_SECRET", help="The client's secret.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="A scope; by default all of the client.")] = None,
    user_name: Annotated[str, typer.Option(help="Litigant portals: name of the user.")] = "",
    user_number: Annotated[str, typer.Option(help="Litigant portals: number of the user.")] = "",
) -> None:
    """Request an access token from the running server at SUXIN_ISSUER, and print it.

    Example: suxin token demo-bank --key bank.json --scope organization.read
    """
    with explain_errors(), httpx2.Client(timeout=10) as http:
        private = read_json(key) if key else None
        credential = ClientCredential(Settings.from_environment().issuer, client_id, private, secret)
        user = User("command-line", user_name, user_number) if user_number else None
        answer = request_token(credential, http, time.time(), scope or (), user)
    typer.echo(answer["access_token"])
