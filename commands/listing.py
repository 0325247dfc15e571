"""Lists that commands show: a table for people, JSON for programs."""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from commands.session import console

AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON array with an object for each row.")]
WHOLE = 100_000
"""The width of what no terminal shows."""


def show_list(columns: Sequence[str], rows: Iterable[Sequence[Any]], as_json: bool) -> None:
    """Print rows under these columns. Nothing is cut: a terminal folds what is too wide."""
    if as_json:
        names = [column.replace(" ", "_") for column in columns]
        found = [dict(zip(names, row, strict=True)) for row in rows]
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2, default=str))
        return
    table = Table(*(Column(column, overflow="fold") for column in columns))
    for row in rows:
        table.add_row(*(escape(_write(value)) for value in row))
    (console if console.is_terminal else Console(width=WHOLE)).print(table)


def _write(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value))
    return str(value)
