"""`suxin schema`: print and compare the SDL."""

import json
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from graphql import GraphQLError
from rich.table import Table
from rich.text import Text

from auth.audiences import Audience, scopes_of
from commands.exits import CommandError
from commands.session import console, explain_errors
from engine.document.audience_schema import print_schema
from engine.document.schema_changes import Change, Effect, compare_schemas
from schema.builder import build_engine

COLOURS = {Effect.BREAKING: "red", Effect.DANGEROUS: "yellow", Effect.SAFE: "green"}

schema = typer.Typer(help="Print the GraphQL schema, or compare it with another.")


@schema.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    audience: Annotated[Audience | None, typer.Option(help="Only the part that this audience can use.")] = None,
) -> None:
    """Print the GraphQL schema, or compare it with another.

    Example: suxin schema --audience BANK > bank.graphql
    """
    context.obj = print_schema(build_engine(), scopes_of(audience) if audience else None)
    if context.invoked_subcommand is None:
        typer.echo(context.obj, nl=False)


@schema.command()
def diff(
    context: typer.Context,
    old: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The old SDL.")],
    new: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="The new SDL; by default that of this release.")
    ] = None,
    accepted: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="TOML file of accepted breaking changes.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List changes: breaking, dangerous and safe. Exits with 1 if a breaking change is not accepted.

    Example: suxin schema --audience BANK diff bank.graphql
    """
    with explain_errors():
        found = _compared(old.read_text(), new.read_text() if new else context.obj)
        agreed = _accepted(accepted) if accepted else {}
        typer.echo(_as_json(found)) if as_json else console.print(_table(found, agreed))
        breaking = {one.description for one in found if one.effect is Effect.BREAKING}
        if unknown := agreed.keys() - breaking:
            raise CommandError(f"Accepted, and not found: {', '.join(sorted(unknown))} Remove what is done.")
        if breaking - agreed.keys():
            raise typer.Exit(1)


def _compared(old: str, new: str) -> list[Change]:
    try:
        return compare_schemas(old, new)
    except (GraphQLError, TypeError) as error:
        raise CommandError(f"This is no schema: {error}") from error


def _accepted(file: Path) -> dict[str, date]:
    """The dates of accepted changes by description. Raises CommandError."""
    try:
        return {one["change"]: one["on"] for one in tomllib.loads(file.read_text()).get("accepted", [])}
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise CommandError(f"{file} wants [[accepted]] tables with `change`, `on` and `reason`.") from error


def _as_json(found: list[Change]) -> str:
    return json.dumps([vars(one) for one in found], ensure_ascii=False, indent=2)


def _table(found: list[Change], agreed: dict[str, date]) -> Any:
    if not found:
        return "Nothing has changed."
    table = Table("effect", "change", "accepted")
    for one in found:
        since = agreed.get(one.description)
        table.add_row(Text(one.effect, COLOURS[one.effect]), Text(one.description), str(since or ""))
    return table
