"""`suxin keys`: the keys that sign access tokens and reports."""

import time
from typing import Annotated

import typer

from auth import signing
from commands.configuration import read_settings
from commands.session import explain_errors

keys = typer.Typer(no_args_is_help=True, help="Change the keys that sign access tokens and reports.")


@keys.command("rotate")
def keys_rotate(
    now: Annotated[
        bool, typer.Option("--now", help="The key is compromised: end all tokens and reports at once.")
    ] = False,
) -> None:
    """Sign with the announced next key from now on, and announce another. Running servers are notified."""
    with explain_errors():
        settings = read_settings()
        signing.SigningKeys(settings.signing_key_file, time.time)
        kid = (
            signing.replace(settings.signing_key_file, time.time())
            if now
            else signing.rotate(settings.signing_key_file, time.time(), settings.token_lifetime)
        )
    typer.echo(f"{kid} signs from now on.")
