"""What the keeper of the log does now and then: `suxin log rotate`, `suxin log erase`."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.text import Text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.log_key import add_successor, read_signer, retire_key
from casework.security_events import record_act
from casework.transparency.erasure import EraseError, erase_month, list_due_months
from casework.transparency.key_changes import announce_successor, is_in_use
from commands.configuration import read_settings
from commands.exits import CommandError
from commands.session import console, explain_errors, in_transaction, use_database, with_engine
from models.security_event import SecurityAct
from models.transparency.notes import NoteSigner

LOG = "key of the transparency log"


def rotate_key(
    finish: Annotated[bool, typer.Option("--finish", help="Partners have the new key: delete the old one.")] = False,
) -> None:
    """Change the key of the log: first both keys sign, until partners have the new one; then --finish.

    The change is signed by both keys and published at /log/rotation/1, /log/rotation/2 …: who trusts the old key can
    follow. If the old key is compromised, hand out the new one yourself: whoever has the old key can sign a change.

    Copy the key file to all machines that run workers, and restart them, after each of the two steps.

    Example: suxin log rotate

    Example: suxin log rotate --finish
    """
    with explain_errors():
        file = read_settings().log_key_file
        if not finish:
            signer = add_successor(file)
            told = {"announced": str(signer.keys[-1])}
            in_transaction(lambda connection: _announce(connection, signer, told), keep=True)
            console.print(Text(f"The new key: {signer.keys[-1]}"), soft_wrap=True)
            console.print("Restart the service: both keys sign. Then hand the new key to partners, and use --finish.")
            return
        signer = read_signer(file)
        if signer.successor and not in_transaction(lambda connection: is_in_use(connection, signer)):
            raise CommandError(
                "The newest checkpoint is not signed by the new key. Restart all workers, and try again."
            )
        kept = str(retire_key(file).key)
        told = {"signs_alone": kept}
        in_transaction(lambda connection: record_act(connection, SecurityAct.KEYS_CHANGED, LOG, after=told), keep=True)
        console.print(Text(f"Only this key signs, after the next restart: {kept}"), soft_wrap=True)


async def _announce(connection: AsyncConnection, signer: NoteSigner, told: Mapping[str, str]) -> None:
    await announce_successor(connection, signer)
    await record_act(connection, SecurityAct.KEYS_CHANGED, LOG, after=told)


def erase_answers(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase the answers of more than ten years ago from the access log (R19), in whole months.

    The transparency log keeps their entries: times, and hashes whose salts are erased. Proofs and `suxin log verify`
    hold as before. Backups keep the answers until they are deleted.

    Example: suxin log erase
    """
    with explain_errors(EraseError):
        settings = read_settings()
        with use_database(settings) as url:
            due = asyncio.run(with_engine(url, _list_due))
            if not due:
                console.print("Nothing is due.")
                return
            if not yes:
                typer.confirm(f"Erase the answers of {', '.join(due)} for good?", abort=True)
            asyncio.run(with_engine(url, lambda engine: _erase(engine, len(due))))


async def _list_due(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        return await list_due_months(connection)


async def _erase(engine: AsyncEngine, months: int) -> None:
    for _ in range(months):
        async with engine.begin() as connection:
            month = await erase_month(connection)
            await record_act(connection, SecurityAct.LOG_ERASED, f"access log {month}")
        console.print(f"{month} is erased.")
