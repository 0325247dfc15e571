"""`suxin report verify`: verify a signed report offline."""

import time
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.table import Table as Grid
from rich.text import Text

from auth.metadata import JWKS_PATH
from auth.report_signature import LARGEST_REPORT, ReportInvalidError, find_sm2_kid, keys_of, read_report, sm2_keys_of
from commands.configuration import read_settings
from commands.exits import CommandError
from commands.session import console, errors, explain_errors, read_json
from reports.layout import ReportLayout, lay_out

TIMEOUT_SECONDS = 10
reports = typer.Typer(no_args_is_help=True, help="Check judicial integrity reports.")


@reports.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="The signed text (.jws), downloaded or attached to the PDF.")],
    jwks: Annotated[str, typer.Option(help="File or URL of published keys; by default those of the issuer.")] = "",
    issuer: Annotated[str, typer.Option(help="URL of the trusted service; by default SUXIN_ISSUER.")] = "",
) -> None:
    """Verify the signature and the dates of a report, and print it. Exits with 1 if it is not valid.

    Whether it has been withdrawn or superseded is shown only by the page of its QR code.

    Example: suxin report verify integrity-report.jws --issuer https://suxin.court.example --jwks keys.json
    """
    with explain_errors():
        trusted = issuer or read_settings().issuer
        published = _read_keys(jwks or trusted + JWKS_PATH)
        keys, sm2_keys = keys_of(published), sm2_keys_of(published)
        try:
            text = _read_text(file)
            claims = read_report(text, keys, trusted, time.time(), sm2_keys)
        except ReportInvalidError as error:
            errors.print(Text(f"不成立 This does not hold. {error}", "red"), soft_wrap=True)
            raise typer.Exit(1) from error
        console.print(Text(f"签名有效 The signature of {trusted} holds.", "green"), soft_wrap=True)
        if kid := find_sm2_kid(text):
            console.print(Text(f"国密签名有效 The signature by SM2 (SM3) of {kid} holds.", "green"), soft_wrap=True)
        _present(lay_out(claims))


def _present(report: ReportLayout) -> None:
    facts = Grid(show_header=False)
    for name, value in report.facts:
        facts.add_row(Text(name), Text(value))
    console.print(facts)
    for table in report.tables:
        grid = Grid(*table.heads, title=table.title, title_justify="left")
        for row in table.rows:
            grid.add_row(*map(Text, row))
        console.print(grid if table.rows else f"{table.title}: 无 none")


def _read_text(file: Path) -> str:
    try:
        if file.stat().st_size > 2 * LARGEST_REPORT:
            raise ReportInvalidError("This is not the text of a report.")
        return file.read_bytes().decode("ascii", "replace").strip()
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({type(error).__name__}).") from error


def _read_keys(source: str) -> Any:
    """Read a key set from a file or URL. Raises CommandError."""
    if not source.startswith(("https://", "http://")):
        return read_json(Path(source))
    try:
        return httpx2.get(source, timeout=TIMEOUT_SECONDS).raise_for_status().json()
    except (httpx2.HTTPError, ValueError) as error:
        reason = type(error).__name__
        raise CommandError(f"No keys are to be had at {source} ({reason}). Name a file of them with --jwks.") from error
