"""`suxin explain`: the cost, scopes and SQL of a document."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import sqlalchemy as sa
import typer
from graphql import GraphQLError
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.audiences import PURPOSES, Audience, scopes_of
from auth.principal import Principal
from commands.configuration import read_settings
from commands.exits import CommandError
from commands.session import explain_errors, read_json, use_database, with_engine
from engine.document.document import DocumentError, is_subscription, prepare_operation
from engine.explanation import Explanation
from engine.explanation import explain as explanation
from models.client import Client
from models.keyring import Keyring, load_keyring
from resolvers.caller import Caller
from schema.builder import build_engine

PARTITION = "SELECT ensure_access_log_partition(current_date)"
"""The log has a place for this month, as it has wherever the service runs."""

NOBODY = 0
"""A key that no client has."""

VARIABLE = "Variable '$"
"""How the message about a variable without a valid value begins."""

FRESH = Keyring((bytes(32),), (bytes(32),))
"""Keys for printing statements only."""


def explain(
    document: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A GraphQL document.")],
    audience: Annotated[Audience, typer.Option(help="Audience of the client.")],
    variables: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Its variables, a JSON object.")
    ] = None,
    operation: Annotated[str | None, typer.Option(help="Name of the operation, if the document has several.")] = None,
    analyze: Annotated[bool, typer.Option(help="Run the statements on the database, and roll back.")] = False,
) -> None:
    """Print the cost of a document, the scopes that it needs, and its SQL, or why it has no plan.

    Example: suxin explain examples/bank/finance_check.graphql --audience BANK --variables
    examples/bank/finance_check.json
    """
    with explain_errors():
        given = read_json(variables) if variables else None
        text = document.read_text()
        try:
            found = _explained(text, operation, given, _caller(audience, NOBODY, FRESH))
        except CommandError as error:
            hint = _suggest_variables(document) if given is None and VARIABLE in str(error) else ""
            raise CommandError(f"{error}{hint}") from None
        typer.echo("\n".join(found.lines()))
        if analyze:
            typer.echo(_analyzed(text, operation, given, audience))


def _suggest_variables(document: Path) -> str:
    """Return what to do if variables are missing. Examples have theirs in a file of the same name."""
    beside = document.with_suffix(".json")
    return f"\nGive the variables: --variables {beside if beside.exists() else 'FILE, a JSON object'}."


def _explained(text: str, operation: str | None, variables: dict[str, Any] | None, caller: Caller) -> Explanation:
    """Explain an operation. Raises CommandError with the errors of the document."""
    try:
        lasts = is_subscription(text, operation)
        found = prepare_operation(build_engine(), text, operation, caller.scopes, lasts, caller.scopes)
        return explanation(found, variables, caller)
    except DocumentError as error:
        raise CommandError("\n".join(one.message for one in error.errors)) from None
    except GraphQLError as error:
        raise CommandError(error.message) from None


def _caller(audience: Audience, client_key: int, keyring: Keyring) -> Caller:
    """A client of an audience with all its scopes and purposes."""
    scopes, purposes = scopes_of(audience), PURPOSES[audience]
    principal = Principal("explain", client_key, "explain", audience, scopes, purposes, "explain", jurisdiction="")
    return Caller(principal, keyring, datetime.now(UTC), uuid4())


async def _plans(connection: Any, found: Explanation) -> list[str]:
    """EXPLAIN ANALYZE each statement in a transaction that is rolled back. connection: asyncpg's."""
    lines, transaction = [], connection.transaction()
    await transaction.start()
    try:
        await connection.execute(PARTITION)
        for one in found.statements:
            if one.declaration:
                await connection.execute(one.declaration)
            values = (value for _, value in one.parameters)
            rows = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS) {one.sql}", *values)
            lines += [f"\n-- {one.field}", *(row[0] for row in rows)]
    finally:
        await transaction.rollback()
    return lines


def _analyzed(text: str, operation: str | None, variables: dict[str, Any] | None, audience: Audience) -> str:
    """The execution plans of the statements on the database."""
    settings = read_settings()

    async def run(engine: AsyncEngine) -> str:
        async with engine.connect() as connection:
            query = sa.select(Client.id).where(Client.audience == audience).order_by(Client.id).limit(1)
            client = (await connection.execute(query)).scalar_one_or_none()
            if client is None:
                raise CommandError(f"The database has no client of the audience {audience}. Register one first.")
            caller = _caller(
                audience, client, load_keyring(settings.key_file, settings.crypto, settings.crypto_command)
            )
            raw: Any = (await connection.get_raw_connection()).driver_connection
            return "\n".join(await _plans(raw, _explained(text, operation, variables, caller)))

    with use_database(settings, keys=True) as url:
        plans: str = asyncio.run(with_engine(url, run))
    return plans
