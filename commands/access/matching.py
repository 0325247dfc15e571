"""`suxin client match-key`: the key by which a recipient finds persons among its own."""

from typing import Annotated

import typer

from auth.administration.security_events import Happening
from auth.clients import match_keys
from commands.access.register import open_register
from models.keyring import load_keyring
from models.security_event import SecurityAct


def client_match_key(
    client_id: Annotated[str, typer.Argument(help="Identifier of the client.")],
    following: Annotated[bool, typer.Option("--next", help="The key after this one, to hand over first.")] = False,
    use_next: Annotated[bool, typer.Option("--use-next", help="Answer with the next key from now on.")] = False,
) -> None:
    """Print the key by which a credit platform finds the persons of measures among its own (Measure.matchKeys).

    To change it without a gap: hand over the next one (--next), wait until the platform has computed its own keys with
    it, and use it (--use-next). Each key in an answer begins with the version of the one that it was made with.

    Example: suxin client match-key xinyong-ningbo --next
    """
    if following and use_next:
        raise typer.BadParameter("Give either --next or --use-next.")
    attempt = Happening(SecurityAct.CLIENT_KEYS_CHANGED, f"client {client_id}") if use_next else None
    with open_register(attempt, keys=True) as (connection, settings):
        keyring = load_keyring(settings.key_file, settings.crypto, settings.crypto_command)
        if use_next:
            shown = match_keys.use_next_match_key(connection, keyring, client_id)
        else:
            shown = match_keys.show_match_key(connection, keyring, client_id, following=following)
    typer.echo(f"match_key: {shown}")
