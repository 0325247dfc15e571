"""`suxin documents`: the trusted documents of clients."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from graphql import GraphQLSyntaxError, OperationDefinitionNode, OperationType, parse

from auth.administration.security_events import Happening
from auth.clients import trusted_documents
from auth.clients.trusted_documents import identifier_of
from auth.scopes import Scope
from commands.access.register import open_register
from commands.exits import CommandError
from commands.listing import AsJson, show_list
from commands.session import console
from engine.document.document import MOST_TOKENS, DocumentError, prepare_operation
from engine.engine import Engine
from engine.load.errors import ForbiddenError
from models.client import DocumentPolicy
from models.security_event import SecurityAct
from schema.builder import build_engine

documents = typer.Typer(no_args_is_help=True, help="Register the documents of clients (trusted documents).")
ClientId = Annotated[str, typer.Argument(help="The client's identifier.")]
KINDS = "a .graphql file, or a manifest: JSON of identifiers and texts, as Relay, graphql-codegen and Apollo write it"


@documents.command("add")
def documents_add(
    client_id: ClientId,
    files: Annotated[list[Path], typer.Argument(help=f"Each is {KINDS}.")],
    purpose: Annotated[
        list[str] | None, typer.Option(help="A purpose; requests with these documents may have no other.")
    ] = None,
) -> None:
    """Register documents for a client, all or none, and print their ids. Each is validated against the scopes of the
    client.

    Example: suxin documents add demo-bank persisted-documents.json --purpose LOAN_APPROVAL
    """
    with open_register(Happening(SecurityAct.DOCUMENTS_CHANGED, f"client {client_id}")) as (connection, _):
        found = {identifier: text for file in files for identifier, text in read_documents(file).items()}
        _check(found, trusted_documents.find_scopes(connection, client_id))
        added = trusted_documents.add_documents(connection, client_id, found, purpose or (), now=datetime.now(UTC))
    typer.echo(f"Registered for {client_id}, {added} of them new:")
    for identifier, text in found.items():
        typer.echo(f"{identifier} {' '.join(name or '-' for name, _ in _operations(text))}")


@documents.command("list")
def documents_list(client_id: ClientId, as_json: AsJson = False) -> None:
    """List the documents of a client."""
    with open_register() as (connection, _):
        found = trusted_documents.list_documents(connection, client_id)
    rows = [
        (
            row["identifier"],
            [name or "-" for name, _ in _operations(row["text"])],
            row["purposes"] or ["all"],
            row["created_at"].date(),
        )
        for row in found
    ]
    show_list(("identifier", "operations", "purposes", "since"), rows, as_json)


@documents.command("remove")
def documents_remove(
    client_id: ClientId, identifiers: Annotated[list[str], typer.Argument(help="Identifiers as shown by `list`.")]
) -> None:
    """Remove documents of a client. They are refused from now on."""
    with open_register(Happening(SecurityAct.DOCUMENTS_CHANGED, f"client {client_id}")) as (connection, _):
        trusted_documents.remove_documents(connection, client_id, identifiers)
    console.print(f"{len(identifiers)} documents of {client_id} are removed.")


@documents.command("policy")
def documents_policy(
    client_id: ClientId, policy: Annotated[DocumentPolicy, typer.Argument(case_sensitive=False)]
) -> None:
    """Accept any documents from a client, any with a line in the log, or registered documents only.

    Example: suxin documents policy demo-bank trusted_only
    """
    with open_register(Happening(SecurityAct.DOCUMENTS_CHANGED, f"client {client_id}")) as (connection, _):
        trusted_documents.set_policy(connection, client_id, policy)
    console.print(f"{client_id}: {policy}.")


@documents.command("check")
def documents_check(client_id: ClientId) -> None:
    """Validate all documents of a client against the schema of this release."""
    with open_register() as (connection, _):
        found = trusted_documents.list_documents(connection, client_id)
        scopes = trusted_documents.find_scopes(connection, client_id)
    _check({row["identifier"]: row["text"] for row in found}, scopes)
    console.print(f"All {len(found)} documents of {client_id} run.")


def read_documents(file: Path) -> dict[str, str]:
    """Read the documents in a file by identifier. Raises CommandError."""
    try:
        text = file.read_text()
        return _manifest(json.loads(text)) if file.suffix == ".json" else {identifier_of(text): text}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CommandError(f"{file} cannot be read ({type(error).__name__}). It must be {KINDS}.") from error


def _manifest(found: Any) -> dict[str, str]:
    """Read a manifest: Apollo's list of operations, or an object of identifiers and texts."""
    if "operations" in found:
        found = {operation["id"]: operation["body"] for operation in found["operations"]}
    if not found or not all(isinstance(text, str) for text in found.values()):
        raise ValueError
    return dict(found)


def _check(found: Mapping[str, str], scopes: Iterable[str]) -> None:
    """Raise CommandError with the errors of all documents, for a client with these scopes."""
    held, engine = frozenset(map(Scope, scopes)), build_engine()
    wrong = [f"{identifier}: {reason}" for identifier, text in found.items() for reason in _reasons(engine, text, held)]
    if wrong:
        raise CommandError("These documents would not run, and nothing was changed:\n" + "\n".join(wrong))


def _reasons(engine: Engine, text: str, scopes: frozenset[Scope]) -> list[str]:
    try:
        for name, lasts in _operations(text) or [(None, False)]:
            prepare_operation(engine, text, name, scopes, lasts)
    except DocumentError as error:
        return [str(reason) for reason in error.errors]
    except ForbiddenError as error:
        return [error.message]
    return []


def _operations(text: str) -> list[tuple[str | None, bool]]:
    """The names of the operations in a document, and whether each is a subscription; empty after a syntax error."""
    try:
        found = parse(text, max_lexical_tokens=MOST_TOKENS).definitions
    except GraphQLSyntaxError:
        return []
    operations = [node for node in found if isinstance(node, OperationDefinitionNode)]
    return [
        (node.name.value if node.name else None, node.operation is OperationType.SUBSCRIPTION) for node in operations
    ]
