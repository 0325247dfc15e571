"""`suxin import`: import exports of a court."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.markup import escape
from rich.table import Table

from commands.configuration import read_settings
from commands.contract.columns import write_columns
from commands.session import console, explain_errors, parse_day, show_lines, use_database, with_engine
from ingest.importing import FORMATS, import_file, utc_now
from ingest.report import Summary
from languages.negotiation import Language
from models.keyring import load_keyring
from models.terms import to_court_day
from postgres import database
from settings import Settings

REJECTED = 2
ALL = "all"
"""What stands for every format, with --columns."""

CONFLICTS_SHOWN = 20
WORDS_SHOWN = 20


def import_(
    format: Annotated[str, typer.Argument(help=f"One of: {', '.join(FORMATS)}.")],
    files: Annotated[list[Path] | None, typer.Argument(help="Files to import, in this order.")] = None,
    court: Annotated[str | None, typer.Option(help="Accept only lines of this court and those below it.")] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            help="File for rejected lines and their reasons, or a directory for one of each file. By default "
            "NAME.rejects.csv in the working directory. It holds names of persons."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Import without saving anything.")] = False,
    exported_on: Annotated[
        date | None,
        typer.Option(
            parser=parse_day,
            metavar="DAY",
            help="Day of the export, by default today. Lines that differ from a newer export are outdated.",
        ),
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Former years: colours are set, and nobody is notified.")
    ] = False,
    columns: Annotated[
        bool, typer.Option("--columns", help="Print the columns of FORMAT, or of all, in Markdown, and import nothing.")
    ] = False,
    language: Annotated[Language, typer.Option(help="Of what --columns prints.")] = Language.EN,
) -> None:
    """Import exports of a court, and print what is new, what changed and which events were recorded.

    Exits with 2 if lines were rejected. Importing a file again changes nothing.

    Example: suxin import cases cases.csv --exported-on 2026-11-20 --rejects rejected.csv

    Example: suxin import cases --columns --language zh
    """
    if columns and format in {*FORMATS, ALL}:
        typer.echo(write_columns(FORMATS if format == ALL else [format], language), nl=False)
        return
    if format not in FORMATS:
        raise typer.BadParameter(f"{format} is not a format; choose one of {', '.join(FORMATS)}.")
    if not files:
        raise typer.BadParameter("Name the files to import, or give --columns.")
    if exported_on and exported_on > to_court_day(utc_now()):
        raise typer.BadParameter("The day of the export has not come yet: write the day on which the file was made.")
    targets = place_rejects(files, rejects)
    manner = Manner(court, dry_run, exported_on, history)
    with explain_errors():
        settings = read_settings()
    with explain_errors(), use_database(settings, keys=True) as url:
        summaries = [import_one(settings, url, format, *paths, manner) for paths in zip(files, targets, strict=True)]
    for file, target, summary in zip(files, targets, summaries, strict=True):
        show(file, target, summary)
    if any(summary.rejected for summary in summaries):
        raise typer.Exit(REJECTED)


@dataclass(frozen=True)
class Manner:
    """The options of `suxin import`, under the names of `import_file`."""

    court: str | None = None
    dry_run: bool = False
    exported_on: date | None = None
    history: bool = False


def place_rejects(files: Sequence[Path], given: Path | None) -> list[Path]:
    """Return the rejects file of each file. given: a file, a directory, or None for the working directory.

    Raises BadParameter if several files would share one, since each import writes it anew, or if it is an export.
    """
    directory = given if given and given.is_dir() else Path()
    alone = given if given and not given.is_dir() else None
    targets = [alone or directory / f"{file.stem}.rejects.csv" for file in files]
    if len(set(targets)) < len(targets):
        raise typer.BadParameter(
            f"Several of these files would write their rejected lines to {targets[0]}: import them one by one, or name "
            "a directory that exists by --rejects and give the files different names."
        )
    if taken := {one.resolve() for one in targets} & {one.resolve() for one in files}:
        raise typer.BadParameter(f"{taken.pop()} is to be imported: name another file for rejected lines.")
    return targets


def import_one(settings: Settings, url: sa.URL, format: str, file: Path, rejects: Path, manner: Manner) -> Summary:
    """Import one file with a progress bar."""
    keyring = load_keyring(settings.key_file, settings.crypto, settings.crypto_command)

    async def work(engine: Any) -> Summary:
        with show_lines(file.name) as progress:
            return await import_file(
                engine, format, file, keyring=keyring, progress=progress, rejects=rejects, **vars(manner)
            )

    found: Summary = asyncio.run(with_engine(database.get_direct_url(settings, url), work))
    return found


def show(file: Path, rejects: Path, summary: Summary) -> None:
    """Print the summary of an import, where its rejected lines are, its notices and its identity conflicts."""
    console.print(make_table(file, summary))
    if summary.rejected:
        console.print(escape(f"Rejected lines and their reasons: {rejects}"), style="red", soft_wrap=True)
    for sentence in summary.notices:
        console.print(escape(sentence), style="yellow")
    for line, other in summary.conflicts[:CONFLICTS_SHOWN]:
        console.print(escape(describe_conflict(line, other)), style="yellow", soft_wrap=True)


def describe_conflict(line: int, other: int | None) -> str:
    """The sentence about a line whose number has another name elsewhere."""
    where = f"line {other}" if other else "what was imported before"
    return f"NAME_DIFFERS: line {line} names its number otherwise than {where}; the Centre decides which is right."


def make_table(file: Path, summary: Summary) -> Table:
    """A summary as a table."""
    table = Table("", "count", title=f"{file.name} ({summary.format})", title_justify="left")
    for name in ("lines", "accepted", "duplicates", "unidentified", "protected"):
        table.add_row(name, str(getattr(summary, name)))
    _add_faults(table, summary)
    for name in ("cases", "parties"):
        tally = getattr(summary, name)
        table.add_row(name, f"{tally.found} ({tally.new} new, {tally.changed} changed)")
    _add_records(table, summary)
    for kind, count in sorted(summary.told.items()):
        table.add_row(f"told: {kind}", str(count), style="green")
    return table


def _add_faults(table: Table, summary: Summary) -> None:
    for code, count in sorted(summary.rejected.items()):
        table.add_row(f"rejected: {code}", str(count), style="red")
    for code, count in sorted(summary.warnings.items()):
        table.add_row(f"warning: {code}", str(count), style="yellow")
    for line, first in summary.conflicts[:CONFLICTS_SHOWN]:
        where = f"line {first}" if first is not None else "a party of the register"
        table.add_row(f"  line {line} names somebody else under the number of {where}", "", style="yellow")
    for (code, word), count in summary.words.most_common(WORDS_SHOWN):
        table.add_row(f"  {code}: {escape(word)}", str(count), style="dim")


def _add_records(table: Table, summary: Summary) -> None:
    records = summary.records
    table.add_row("records", str(records.found))
    for name in ("new", "changed", "unchanged"):
        table.add_row(f"  {name}", str(getattr(records, name)))
    for name in ("outdated", "held"):
        if count := getattr(summary, name):
            table.add_row(f"  {name}", str(count), style="yellow")
