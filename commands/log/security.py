"""`suxin log security`: the security events."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from auth.administration.security_events import Happening, record
from commands.access.register import open_register
from commands.exits import CommandError, explain_place
from commands.listing import AsJson, show_list, write_json
from commands.session import console
from models.security_event import SecurityAct, SecurityEvent
from secret_file import write_secret

COLUMNS = ("at", "act", "result", "road", "operator", "source", "subject", "before", "after", "reason")
MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


def show_security(
    act: Annotated[SecurityAct | None, typer.Option(help="Only acts of this kind.")] = None,
    operator: Annotated[str | None, typer.Option(help="Only what this operator did.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=MOMENTS, help="Only from this moment on (UTC).")] = None,
    most: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    export: Annotated[
        Path | None, typer.Option(help="Write all that match into this new file, as JSON Lines, oldest first.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show security events: sign-ins and acts of administration, done and refused. An export is itself recorded.

    Example: suxin log security --act SIGN_IN --since 2026-11-01

    Example: suxin log security --since 2026-05-01 --export security-events.jsonl
    """
    found = sa.select(*(getattr(SecurityEvent, name) for name in COLUMNS))
    if act:
        found = found.where(SecurityEvent.act == act)
    if operator:
        found = found.where(SecurityEvent.operator == operator)
    if since:
        found = found.where(SecurityEvent.at >= since.replace(tzinfo=UTC))
    if export is None:
        with open_register() as (connection, _):
            rows = connection.execute(found.order_by(SecurityEvent.id.desc()).limit(most)).all()
        show_list(COLUMNS, rows, as_json)
        return
    with open_register(attempt := Happening(SecurityAct.EVENTS_EXPORTED, f"file {export.absolute()}")) as (
        connection,
        _,
    ):
        lines = list(_write_lines(connection, found))
        _write(export, lines)
        record(connection, Happening(attempt.act, attempt.subject, after={"events": len(lines)}))
    console.print(f"{len(lines)} events are in {export}.", soft_wrap=True)


def _write_lines(connection: sa.Connection, found: sa.Select[Any]) -> Iterator[str]:
    for row in connection.execute(found.order_by(SecurityEvent.id)).mappings():
        yield json.dumps(dict(row), ensure_ascii=False, default=write_json)


def _write(file: Path, lines: list[str]) -> None:
    if file.exists():
        raise CommandError(f"{file} exists already: name a new file.")
    try:
        write_secret(file, "".join(f"{line}\n" for line in lines))
    except OSError as error:
        raise explain_place(error) from error
