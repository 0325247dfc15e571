"""`suxin provisions`: what went to whom in a month."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from auth.administration.provisions import COLUMNS, list_provisions
from commands.access.register import open_register
from commands.listing import AsJson, show_list
from models.terms import to_court_day
from pages.court.figures.answer_table import AnswerTable

Month = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m"], help="The month, such as 2026-11; by default the present one.")
]


def provisions(
    month: Month = None,
    client: Annotated[str, typer.Option(help="Of this client only.")] = "",
    into: Annotated[Path | None, typer.Option(help="Write a CSV file, with the mark that Excel needs.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what went to whom in a month: by client, contract, purpose, root field and kinds of data, the number of
    answers, of subjects in them, and of those of whom data was given. It is counted in the access log, which is kept
    for ten years; the law asks for three.

    Example: suxin provisions --month 2026-10 --into provisions.csv
    """
    day = (month.date() if month else to_court_day(datetime.now(UTC))).replace(day=1)
    with open_register() as (connection, _):
        found = list_provisions(connection, day, client or None)
    rows = [[f"{day:%Y-%m}", *(row[name] for name in COLUMNS)] for row in found]
    columns = ["month", *COLUMNS]
    if into:
        write_sheet(into, columns, rows)
    else:
        show_list(columns, rows, as_json)


def write_sheet(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows as a CSV file that Excel opens; lists between blanks, and what would be a formula as text."""
    cells = [[" ".join(cell) if isinstance(cell, list) else cell for cell in row] for row in rows]
    path.write_text(AnswerTable(columns, cells).write_csv(), "utf-8-sig", newline="")
