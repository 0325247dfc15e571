"""`suxin keys`: the keys that sign access tokens and reports, and those of identity numbers."""

import time
from dataclasses import replace
from typing import Annotated

import sqlalchemy as sa
import typer

from auth import signing
from auth.administration.security_events import Happening, record
from commands.access import resealing
from commands.access.rekeying import hold_tables, refuse_sessions, renew
from commands.configuration import read_settings
from commands.doctor.finding import State
from commands.doctor.sealed_numbers import examine_numbers, is_begun, is_unfinished
from commands.exits import CommandError, ExitCode, explain_place
from commands.operating import record_if_there, record_refusal
from commands.session import explain_errors, show_progress, use_database
from models.keyring import Keyring, add_keys, load_keyring
from models.number_suites import Crypto
from models.security_event import SecurityAct
from models.sm2_keys import rotate_sm2
from postgres import database
from settings import Settings

keys = typer.Typer(
    no_args_is_help=True, help="Change the keys that sign access tokens and reports, and those of identity numbers."
)


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
        act = Happening(SecurityAct.KEYS_CHANGED, "signing keys", after={"signs": kid, "others_end": now})
        untold = record_if_there(settings, act)
    typer.echo(f"{kid} signs from now on.")
    if untold:
        typer.echo(untold, err=True)


@keys.command("rotate-sm2")
def keys_rotate_sm2() -> None:
    """Sign reports and checkpoints by a new key of SM2 after the next start. The former key stays published."""
    with explain_errors():
        settings = read_settings()
        kid = rotate_sm2(settings.sm2_key_file).signer.key.kid
        untold = record_if_there(settings, Happening(SecurityAct.KEYS_CHANGED, "SM2 keys", after={"signs": kid}))
    typer.echo(f"{kid} signs after the next start. Copy {settings.sm2_key_file} to its second place now.")
    if untold:
        typer.echo(untold, err=True)


@keys.command("rotate-identity")
def keys_rotate_identity() -> None:
    """Hash and seal all identity numbers with new keys. The service must be stopped, on all machines.

    What a killed command has begun is gone on with by the next one. Watches, consents, share codes and the access log
    stay with their subjects. Tokens of litigants end.

    Example: systemctl stop suxin && suxin keys rotate-identity && systemctl start suxin
    """
    with explain_errors():
        settings = read_settings()
        attempt = Happening(SecurityAct.KEYS_CHANGED, "identity keys")
        with use_database(settings) as url, record_refusal(url, attempt):
            engine = database.make_sync_engine(database.get_owner_url(settings, url))
            try:
                with engine.begin() as connection, show_progress() as report:
                    refuse_sessions(connection, settings)
                    hold_tables(connection)
                    renew(connection, ring := _find_keys(connection, settings), report)
                    record(connection, replace(attempt, after={"version": ring.version}))
            finally:
                engine.dispose()
    typer.echo(
        f"Everything is hashed with identity key {ring.version}. Copy {settings.key_file} to its second place now."
    )


@keys.command("reseal")
def keys_reseal(
    begin: Annotated[
        bool, typer.Option("--begin", help="List what is stored, and end: the service must be stopped for this only.")
    ] = False,
) -> None:
    """Hash and seal all identity numbers by SM3 and SM4 (SUXIN_CRYPTO=sm), while the service runs; second factors and
    files of bulk operations as well.

    The first run lists the subjects, for which the service must be stopped for some seconds, on all machines: then
    start it with SUXIN_CRYPTO=sm. Look-ups find both forms meanwhile. The next command goes on with what
    a killed one has begun.

    Example: systemctl stop suxin && suxin keys reseal --begin && systemctl start suxin && suxin keys reseal
    """
    with explain_errors():
        settings = read_settings()
        ring = load_keyring(settings.key_file, settings.crypto, settings.crypto_command)
        if ring.suite is not Crypto.SM:
            raise CommandError("Numbers are to stay as they are: set SUXIN_CRYPTO=sm for all processes first.")
        attempt = Happening(SecurityAct.KEYS_CHANGED, "identity keys", after={"algorithms": ring.suite.value})
        with use_database(settings) as url, record_refusal(url, attempt):
            engine = database.make_sync_engine(database.get_owner_url(settings, url))
            try:
                with engine.begin() as connection:
                    listed = _begin(connection, settings, ring)
                    record(connection, attempt)
                with show_progress() as report:
                    changed = 0 if begin else resealing.Resealing(engine, ring, report).finish()
            finally:
                engine.dispose()
    typer.echo(f"{listed:,} subjects were listed, {changed:,} changed.")


def _begin(connection: sa.Connection, settings: Settings, ring: Keyring) -> int:
    """List what is stored, unless that is done. Returns how many are listed anew. Raises CommandError."""
    if not is_begun(connection, ring):
        return resealing.begin(connection, settings, ring)
    finding = examine_numbers(connection, settings)
    if finding.state is State.PROBLEM:
        raise CommandError(f"{finding.found} {finding.remedy}", ExitCode.KEYS)
    return 0


def _find_keys(connection: sa.Connection, settings: Settings) -> Keyring:
    """Return the ring to change to: with new keys, unless a change was begun. Raises CommandError if none fits."""
    if settings.key_file.exists() and is_unfinished(
        connection, ring := load_keyring(settings.key_file, settings.crypto, settings.crypto_command)
    ):
        return ring
    finding = examine_numbers(connection, settings)
    if finding.state is State.PROBLEM or not settings.key_file.exists():
        raise CommandError(f"{finding.found} {finding.remedy}", ExitCode.KEYS)
    try:
        return add_keys(settings.key_file, settings.crypto, settings.crypto_command)
    except OSError as error:
        raise explain_place(error) from error
