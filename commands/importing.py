"""`suxin import`: a court's exports go in."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from rich.markup import escape
from rich.table import Table

from commands.session import bar, console, explained, prepared, with_engine
from ingest.importing import FORMATS, import_file
from ingest.report import Summary
from models.keyring import load_keyring
from settings import Settings

REJECTED = 2
CONFLICTS_SHOWN = 20
WORDS_SHOWN = 20
"""Words that are in no vocabulary: the most frequent ones."""


def import_(
    format: Annotated[str, typer.Argument(help=f"One of: {', '.join(FORMATS)}.")],
    files: Annotated[list[Path], typer.Argument(help="Files to import, in order.")],
    court: Annotated[str | None, typer.Option(help="Hold the lines to this court and those below it, by code.")] = None,
    rejects: Annotated[Path | None, typer.Option(help="Where rejected lines go, with their reasons.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything, keep nothing.")] = False,
) -> None:
    """Import a court's exports. Exits with 2 if lines were rejected. Importing a file again changes nothing.

    Example: suxin import cases cases.csv --rejects rejected.csv
    """
    if format not in FORMATS:
        raise typer.BadParameter(f"{format} is not a format; choose one of {', '.join(FORMATS)}.")
    with explained():
        settings = Settings.from_environment()
    with explained(), prepared(settings) as url:
        summaries = [import_one(settings, url, format, file, court, rejects, dry_run) for file in files]
    for file, summary in zip(files, summaries, strict=True):
        console.print(summary_table(file, summary))
    if any(summary.rejected for summary in summaries):
        raise typer.Exit(REJECTED)


def import_one(
    settings: Settings, url: sa.URL, format: str, file: Path, court: str | None, rejects: Path | None, dry_run: bool
) -> Summary:
    """Import one file under a progress bar."""
    keyring = load_keyring(settings.key_file)
    target = rejects or Path(f"{file.stem}.rejects.csv")
    if target.is_dir():
        target /= f"{file.stem}.rejects.csv"

    async def work(engine: Any) -> Summary:
        with bar() as report:
            return await import_file(
                engine,
                format,
                file,
                keyring=keyring,
                court=court,
                rejects=target,
                dry_run=dry_run,
                progress=lambda done, total: report(file.name, done, total),
            )

    found: Summary = asyncio.run(with_engine(url, work))
    return found


def summary_table(file: Path, summary: Summary) -> Table:
    """What a summary says, for people."""
    table = Table("", "count", title=f"{file.name} ({summary.format})", title_justify="left")
    for name in ("lines", "accepted", "duplicates", "unidentified", "protected"):
        table.add_row(name, str(getattr(summary, name)))
    for code, count in sorted(summary.rejected.items()):
        table.add_row(f"rejected: {code}", str(count), style="red")
    for code, count in sorted(summary.warnings.items()):
        table.add_row(f"warning: {code}", str(count), style="yellow")
    for line, first in summary.conflicts[:CONFLICTS_SHOWN]:
        table.add_row(f"  line {line} names somebody else under the number of {known(first)}", "", style="yellow")
    for (code, word), count in summary.words.most_common(WORDS_SHOWN):
        table.add_row(f"  {code}: {escape(word)}", str(count), style="dim")
    for name in ("cases", "parties", "records"):
        tally = getattr(summary, name)
        table.add_row(name, f"{tally.found} ({tally.new} new, {tally.changed} changed)")
    return table


def known(first: int | None) -> str:
    """Where a number stood first: in this file, or before it."""
    return f"line {first}" if first is not None else "a party of the register"
