"""`suxin vocabulary`: the words in files of courts, and their meanings."""

import csv
import io
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from auth.administration.security_events import Happening
from commands.session import console, explain_errors, in_transaction
from ingest.files.tables import TableError
from ingest.reference.vocabulary import COLUMNS
from ingest.reference.words import Word, WordChange, check_words, list_words, load_words
from models.security_event import SecurityAct
from models.vocabulary import WordKind

vocabulary = typer.Typer(no_args_is_help=True, help="The words in files of courts, and their meanings.")
Files = Annotated[list[Path], typer.Argument(help="CSV files, named by the kind of words: roles.csv.")]


@vocabulary.command("show")
def vocabulary_show(
    kind: Annotated[
        WordKind | None, typer.Argument(help="A kind of words; by default the number of words of each kind.")
    ] = None,
    own: Annotated[bool, typer.Option("--own", help="Only added words.")] = False,
) -> None:
    """Show the words of a kind as a CSV file that `load` takes.

    Example: suxin vocabulary show roles --own > roles.csv
    """
    with explain_errors():
        words = in_transaction(lambda connection: _words(connection, kind))
    if kind is None:
        console.print(_counted(words))
    else:
        typer.echo(_as_csv([word for word in words if word.own or not own]), nl=False)


@vocabulary.command("check")
def vocabulary_check(files: Files) -> None:
    """Check files of words without loading them. Exits with 1 if there are mistakes.

    Example: suxin vocabulary check roles.csv courts.csv
    """
    with explain_errors():
        problems = in_transaction(lambda connection: check_words(connection, files))
        if problems:
            raise TableError(problems)
    console.print("Nothing is wrong.")


@vocabulary.command("load")
def vocabulary_load(
    files: Files,
    replace: Annotated[bool, typer.Option("--replace", help="Delete added words that are not in the files.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes without saving them.")] = False,
) -> None:
    """Add words, all files or none. A known word gets the new meaning. Later imports use them.

    Example: suxin vocabulary load roles.csv courts.csv --dry-run
    """
    with explain_errors():
        changes, unchanged = in_transaction(
            lambda connection: load_words(connection, files, replace=replace),
            keep=not dry_run,
            attempt=Happening(SecurityAct.VOCABULARY_LOADED, "vocabulary"),
        )
    console.print(_told(changes))
    console.print(f"{len(changes)} words {'would change' if dry_run else 'changed'}, {unchanged} stay as they are.")


async def _words(connection: Any, kind: WordKind | None) -> list[Word]:
    return [word for one in ([kind] if kind else WordKind) for word in await list_words(connection, one)]


def _as_csv(words: list[Word]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((word.written, word.meaning, word.note) for word in words)
    return file.getvalue()


def _counted(words: list[Word]) -> Table:
    table = Table("kind", "shipped", "added here")
    for kind in WordKind:
        own = [word.own for word in words if word.kind is kind]
        table.add_row(kind, str(own.count(False)), str(own.count(True)))
    return table


def _told(changes: list[WordChange]) -> Table:
    table = Table("kind", "word", "meant", "means")
    for change in changes:
        table.add_row(change.kind, escape(change.written), change.before or "-", change.after or "-")
    return table
