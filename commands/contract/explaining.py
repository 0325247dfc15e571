"""`suxin explain`: what a document costs, needs and runs."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import sqlalchemy as sa
import typer
from graphql import GraphQLError
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.audiences import Audience, purposes_of, scopes_of
from auth.principal import Principal
from commands.session import CommandError, explained, prepared, with_engine
from engine.document.document import DocumentError, is_subscription, prepare_operation
from engine.explanation import Explanation
from engine.explanation import explain as explanation
from models.client import Client
from models.keyring import Keyring, load_keyring
from resolvers.caller import Caller
from schema.builder import build_engine
from settings import Settings

PARTITION = "SELECT ensure_access_record_partition(current_date)"
"""The log has a place for this month, as it has wherever the service runs."""

NOBODY = 0
"""The key of a client that no database has."""

FRESH = Keyring((bytes(32),), (bytes(32),))
"""Keys for looking at statements: what is sealed and hashed with them is shown to nobody."""


def explain(
    document: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A GraphQL document.")],
    audience: Annotated[Audience, typer.Option(help="Who asks.")],
    variables: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Its variables, a JSON object.")
    ] = None,
    operation: Annotated[str | None, typer.Option(help="The operation, where the document has several.")] = None,
    analyze: Annotated[bool, typer.Option(help="Run the statements on the database, and undo them.")] = False,
) -> None:
    """Tell what a document costs, which scopes it needs, and what SQL it runs; or why the loaders answer it.

    Example: suxin explain examples/bank/finance_check.graphql --audience BANK
    """
    with explained():
        given = json.loads(variables.read_text()) if variables else None
        text = document.read_text()
        found = _explained(text, operation, given, _caller(audience, NOBODY, FRESH))
        typer.echo("\n".join(found.lines()))
        if analyze:
            typer.echo(_analyzed(text, operation, given, audience))


def _explained(text: str, operation: str | None, variables: dict[str, Any] | None, caller: Caller) -> Explanation:
    """Raises CommandError with all that is wrong with the document."""
    try:
        lasts = is_subscription(text, operation)
        found = prepare_operation(build_engine(), text, operation, caller.scopes, lasts)
        return explanation(found, variables, caller)
    except DocumentError as error:
        raise CommandError("\n".join(one.message for one in error.errors)) from None
    except GraphQLError as error:
        raise CommandError(error.message) from None


def _caller(audience: Audience, client_key: int, keyring: Keyring) -> Caller:
    """A client of an audience that holds all that it may hold."""
    scopes, purposes = scopes_of(audience), purposes_of(audience)
    principal = Principal("explain", client_key, "explain", audience, scopes, purposes, "explain", jurisdiction="")
    return Caller(principal, keyring, datetime.now(UTC), uuid4())


async def _plans(connection: Any, found: Explanation) -> list[str]:
    """What PostgreSQL did for each statement, in a transaction that is rolled back. connection: asyncpg's."""
    lines, transaction = [], connection.transaction()
    await transaction.start()
    try:
        await connection.execute(PARTITION)
        for one in found.statements:
            values = (value for _, value in one.parameters)
            rows = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {one.sql}", *values)
            lines += [f"\n-- {one.field}", *(row[0] for row in rows)]
    finally:
        await transaction.rollback()
    return lines


def _analyzed(text: str, operation: str | None, variables: dict[str, Any] | None, audience: Audience) -> str:
    """The plans of the statements with their times, from the database. Nothing that they write is kept."""
    settings = Settings.from_environment()

    async def run(engine: AsyncEngine) -> str:
        async with engine.connect() as connection:
            query = sa.select(Client.id).where(Client.audience == audience).order_by(Client.id).limit(1)
            client = (await connection.execute(query)).scalar_one_or_none()
            if client is None:
                raise CommandError(f"The database has no client of the audience {audience}. Register one first.")
            caller = _caller(audience, client, load_keyring(settings.key_file))
            raw: Any = (await connection.get_raw_connection()).driver_connection
            return "\n".join(await _plans(raw, _explained(text, operation, variables, caller)))

    with prepared(settings) as url:
        plans: str = asyncio.run(with_engine(url, run))
    return plans
