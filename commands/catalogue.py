"""`suxin catalogue`: the editions of the catalogue."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from auth.administration.security_events import Happening
from commands.exits import CommandError
from commands.session import console, explain_errors, in_transaction
from ingest.files.tables import TableError
from ingest.reference.catalogue_files import Entries
from ingest.reference.catalogue_tables import TABLES
from ingest.reference.editions import (
    EntryChange,
    Loaded,
    check_folder,
    list_editions,
    load_edition,
    read_edition,
    write_folder,
)
from languages.negotiation import Language
from models.security_event import SecurityAct
from models.terms import COURT_TIME

catalogue = typer.Typer(
    no_args_is_help=True, help="Behaviours, code types, moral-bank items and grading rules: the editions of a court."
)
Folder = Annotated[Path, typer.Argument(help="Folder with files of a catalogue, as written by `show --into`.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the changes without saving them.")]


@catalogue.command("show")
def catalogue_show(
    on: Annotated[str | None, typer.Option(help="The edition in force on this day; today by default.")] = None,
    into: Annotated[Path | None, typer.Option(help="Write its files into this folder.")] = None,
) -> None:
    """Show the editions, and the one in force on a day.

    Example: suxin catalogue show --on 2026-01-01 --into mine
    """
    with explain_errors():
        day = _day(on, "--on") if on else datetime.now(COURT_TIME).date()
        editions, (shown, tables) = in_transaction(lambda connection: _shown(connection, day))
        if into:
            write_folder(into, tables)
    console.print(_editions(editions))
    console.print(f"On {day}, {shown.label} is in force: {_counts(tables)}.")
    console.print(f"Its files are in {into}." if into else _entries(tables))


@catalogue.command("check")
def catalogue_check(folder: Folder) -> None:
    """Check the files of a folder without loading them. Exits with 1 if there are mistakes.

    Example: suxin catalogue check mine
    """
    with explain_errors():
        problems = in_transaction(lambda connection: check_folder(connection, folder))
        if problems:
            raise TableError(problems)
    console.print("Nothing is wrong.")


@catalogue.command("load")
def catalogue_load(
    folder: Folder,
    label: Annotated[str, typer.Option(help="Name of the edition.")],
    start: Annotated[str, typer.Option("--from", help="First day of the edition, such as 2027-01-01.")],
    dry_run: DryRun = False,
) -> None:
    """Put an edition in force from a day. Missing files are taken from the previous edition, which ends on that day;
    existing records keep it. Case types (case_types.csv) are added at once.

    Example: suxin catalogue load mine --label 2027-1 --from 2027-01-01 --dry-run
    """
    with explain_errors():
        day = _day(start, "--from")
        attempt = Happening(SecurityAct.CATALOGUE_LOADED, f"catalogue {label}")
        loaded = in_transaction(
            lambda connection: load_edition(connection, folder, label, day), keep=not dry_run, attempt=attempt
        )
    console.print(_told(loaded))
    for line in _said(loaded, label, day, dry_run):
        console.print(line)


@catalogue.command("export")
def catalogue_export(
    language: Annotated[Language, typer.Option(help="Of the words and the column names.")] = Language.ZH,
    provider: Annotated[str, typer.Option(help="Who provides the data; by default the court that recorded it.")] = "",
    into: Annotated[Path | None, typer.Option(help="Write it into this file, with the mark that Excel needs.")] = None,
) -> None:
    """Print the catalogue of what is shared, as CSV: each field with its level, legal basis, sharing attribute,
    purposes, rhythm, recipients and retention. It is made of schema/sharing/fields.csv and of the policy. Exits with 1
    if a field is not declared there.

    Example: suxin catalogue export --provider 余姚市人民法院 --into catalogue.csv
    """
    from engine.policy import UndeclaredError  # noqa: PLC0415 - the other commands need no schema
    from schema.builder import build_engine  # noqa: PLC0415
    from schema.documentation.data_catalogue import write_data_catalogue  # noqa: PLC0415

    with explain_errors(UndeclaredError):
        text = write_data_catalogue(build_engine(), language, provider)
        if into:
            into.write_text(text, "utf-8-sig")
    if not into:
        typer.echo(text, nl=False)


async def _shown(connection: Any, day: date) -> Any:
    return await list_editions(connection), await read_edition(connection, day)


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{option} must look like 2027-01-01.") from error


def _editions(editions: Any) -> Table:
    table = Table("edition", "from", "to", "note")
    for edition in editions:
        table.add_row(
            escape(edition.label), str(edition.effective_from), str(edition.effective_to or ""), escape(edition.note)
        )
    return table


def _entries(tables: Mapping[str, Entries]) -> Table:
    table = Table("table", "code", "name")
    for name, entries in tables.items():
        for code, entry in entries.items():
            table.add_row(name, code, escape(entry.values["name"]))
    return table


def _counts(tables: Mapping[str, Entries]) -> str:
    return ", ".join(f"{len(entries)} {name.replace('_', ' ')}" for name, entries in tables.items())


def _told(loaded: Loaded) -> Table:
    table = Table("table", "code", f"in {loaded.before}", "from now on")
    for change in loaded.changes:
        table.add_row(change.table, change.code, *_differences(change))
    return table


def _differences(change: EntryChange) -> tuple[str, str]:
    """The old and the new side of a change: the names, or the changed fields."""
    if change.before is None or change.after is None:
        return escape(change.before or "-"), escape(change.after or "- (removed)")
    sides = zip(*((f"{name}: {one}", f"{name}: {other}") for name, (one, other) in change.fields.items()), strict=True)
    before, after = ("\n".join(lines) for lines in sides)
    return escape(before), escape(after)


def _said(loaded: Loaded, label: str, day: date, dry_run: bool) -> list[str]:
    lines = []
    if len(loaded.carried) < len(TABLES):
        verb = "would be" if dry_run else "is"
        lines.append(f"{label} {verb} in force from {day} on; {loaded.before} ends with that day.")
        lines += [f"Carried over from {loaded.before}: {', '.join(loaded.carried)}."] if loaded.carried else []
    if loaded.case_types:
        told = f"Case types {'to add' if dry_run else 'added'}: {', '.join(loaded.case_types)}."
        lines.append(f"{told} Restart the servers, so that such cases are found by their numbers.")
    return lines or ["Nothing changes."]
