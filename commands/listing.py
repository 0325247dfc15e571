"""Lists that commands show: a table for people, JSON for programs."""

import json
import os
from collections.abc import Iterable, Sequence
from datetime import date
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
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2, default=write_json))
        return
    table = Table(*(Column(column, overflow="fold") for column in columns))
    for row in rows:
        table.add_row(*(escape(_write(value)) for value in row))
    show_table(table)


def show_table(table: Table) -> None:
    """Print a table to the width of the terminal or of COLUMNS; without either, as wide as it is, for programs."""
    narrow = console.is_terminal or "COLUMNS" in os.environ
    (console if narrow else Console(width=WHOLE)).print(table)


def write_json(value: Any) -> str:
    """Return how a value that JSON does not have is written: days and moments by ISO 8601."""
    return value.isoformat() if isinstance(value, date) else str(value)


def _write(value: Any) -> str:
    match value:
        case float():
            return f"{value:.3f}".rstrip("0").removesuffix(".")
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict():
            return json.dumps(value, ensure_ascii=False, default=write_json)
        case list() | tuple():
            return ", ".join(map(str, value))
    return str(value)
