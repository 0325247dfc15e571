"""`suxin token`: request an access token."""

import time
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from auth.access_token import resource_of
from auth.clients.keys import ClientKeysError
from auth.proofs.prover import Prover
from auth.server.accounts import Password
from auth.server.token_client import ClientCredential, User, request_token
from commands.configuration import read_settings
from commands.exits import CommandError
from commands.session import explain_errors, read_json
from settings import CLIENT_SECRET, STAFF_PASSWORD

DEMO_REDIRECT = "http://127.0.0.1/signed-in"


def token(
    client_id: Annotated[str, typer.Argument(help="The client's identifier.")],
    key: Annotated[Path | None, typer.Option(help="File with the client's private JWK.")] = None,
    secret: Annotated[str | None, typer.Option(envvar=CLIENT_SECRET, help="The client's secret.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="A scope; by default all of the client.")] = None,
    proof_key: Annotated[
        Path | None, typer.Option(help="File with a private JWK that the token is bound to (DPoP); for fapi2 clients.")
    ] = None,
    user_name: Annotated[str, typer.Option(help="Litigant portals: name of the user.")] = "",
    user_number: Annotated[str, typer.Option(help="Litigant portals: number of the user.")] = "",
    staff: Annotated[str, typer.Option(help="Clients of courts: user name of the officer who signs in.")] = "",
    password: Annotated[
        str, typer.Option(envvar=STAFF_PASSWORD, help="Password of the officer; asked for if it is left out.")
    ] = "",
    redirect_uri: Annotated[str, typer.Option(help="With --staff: a redirect URI of the client.")] = DEMO_REDIRECT,
) -> None:
    """Request an access token from the running server at SUXIN_ISSUER, and print it.

    The token of a client of the class fapi2 is bound to a key, which signs a proof for each request: see suxin proof.
    With --staff, it is the token of an officer without a second factor, for trying a pilot's client.

    Example: suxin token demo-bank --key bank.json --scope organization.read
    """
    with explain_errors(ClientKeysError), httpx2.Client(timeout=10) as http:
        private = read_json(key) if key else None
        credential = ClientCredential(read_settings().issuer, client_id, private, secret)
        if staff:
            given = password or typer.prompt("Password", hide_input=True, err=True)
            typer.echo(_sign_in(http, credential, Password(staff, given), redirect_uri))
            return
        user = User("command-line", user_name, user_number) if user_number else None
        prover = Prover.of(read_json(proof_key)) if proof_key else None
        answer = request_token(credential, http, time.time(), scope or (), user, prover)
    typer.echo(answer["access_token"])


def _sign_in(http: httpx2.Client, credential: ClientCredential, who: Password, redirect_uri: str) -> str:
    """Return the token of an officer. Raises CommandError."""
    from demo.staff import Browser, SignInError  # noqa: PLC0415 - other tokens need no demo

    try:
        return Browser(http, credential, redirect_uri).sign_in(who)
    except (SignInError, httpx2.HTTPError, ValueError) as error:
        told = f"{who.username} was not signed in ({error}). Check password and --redirect-uri."
        raise CommandError(told) from error


def proof(
    token: Annotated[str, typer.Argument(help="The access token that is sent with the proof.")],
    key: Annotated[Path, typer.Option(help="File with the private JWK that the token is bound to.")],
    nonce: Annotated[str, typer.Option(help="Content of the last header DPoP-Nonce.")] = "",
    method: Annotated[str, typer.Option(help="Method of the request.")] = "POST",
    url: Annotated[str, typer.Option(help="Address of the request; by default of GraphQL.")] = "",
) -> None:
    """Print the header DPoP for one request with a bound token (RFC 9449). It is valid once, for a minute.

    Example: curl -H "Authorization: DPoP $TOKEN" -H "DPoP: $(suxin proof $TOKEN --key proof.json --nonce $NONCE)" …
    """
    with explain_errors(ClientKeysError):
        address = url or resource_of(read_settings().issuer)
        prover = Prover.of(read_json(key))
        prover.nonce = nonce or None
        typer.echo(prover.prove(method, address, time.time(), token))
