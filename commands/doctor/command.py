"""The command `suxin doctor`."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import sqlalchemy as sa
import typer
from rich.markup import escape
from rich.table import Column, Table

from commands.configuration import FOUND, load_file
from commands.doctor import machine, service
from commands.doctor.finding import Finding, State, ok, problem
from commands.doctor.vital import SESSIONS
from commands.listing import show_table
from commands.session import with_engine
from postgres import database
from postgres.errors import DatabaseError, DatabasePoolerError
from settings import Settings, SettingsError
from telemetry import traces

COLOURS = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    deep: Annotated[bool, typer.Option(help="Compare what is derived with its base; reads whole tables.")] = False,
) -> None:
    """Examine an installation: settings, keys, database, worker and backlog. Says what is wrong and what to do.

    Changes nothing, but starts the embedded PostgreSQL while it runs. Exits with 1 if there is a problem, not for
    warnings.

    Example: suxin doctor

    Example: suxin doctor --deep

    Example: suxin doctor --json | jq '.findings[] | select(.state != "ok")'
    """
    findings = list(_look(deep))
    sound = all(finding.state is not State.PROBLEM for finding in findings)
    if as_json:
        found = {"ok": sound, "findings": [asdict(finding) for finding in findings]}
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        show_table(make_table(findings))
    raise typer.Exit(0 if sound else 1)


def _look(deep: bool) -> Iterator[Finding]:
    """Read the settings file and run all checks."""
    try:
        load_file()
    except SettingsError as error:
        yield problem("settings", str(error), "Set it right; the rest is looked at then.")
        return
    if file := FOUND.get():
        yield machine.examine_settings_file(file)
    yield from examine(os.environ, lambda: datetime.now(UTC), deep=deep)


def examine(environment: Mapping[str, str], now: Callable[[], datetime], *, deep: bool = False) -> Iterator[Finding]:
    """Run all checks. deep: whether what is derived is compared with its base."""
    try:
        settings = Settings.from_environment(environment)
        traces.is_wanted(environment)
    except SettingsError as error:
        yield problem("settings", str(error), "Set it right, or unset it; the rest is looked at then.")
        return
    yield ok("settings", "They can be read.")
    yield from machine.examine(settings)
    yield from _of_database(settings, now, deep)


def _of_database(settings: Settings, now: Callable[[], datetime], deep: bool) -> Sequence[Finding]:
    if settings.database_url is None and not (settings.data_dir / "postgresql").exists():
        text = f"There is no embedded database in {settings.data_dir.absolute()}."
        return [problem("database", text, "Create one with `suxin setup`, or set SUXIN_DATABASE_URL.")]
    try:
        with database.open_database(settings) as url:
            direct = database.get_direct_url(settings, url)
            found: Sequence[Finding] = asyncio.run(
                with_engine(direct, partial(service.examine, settings=settings, now=now, deep=deep))
            )
            return found
    except DatabasePoolerError as error:
        return [problem(SESSIONS, str(error), "docs/availability.md has a pgbouncer.ini that is tested.")]
    except DatabaseError as error:
        return [problem("database", str(error), "Let a PostgreSQL 15 or newer answer there.")]
    except (OSError, sa.exc.SQLAlchemyError) as error:
        text = f"The database could not be looked at ({type(error).__name__})."
        return [problem("database", text, "See that its account may connect and read, and that nothing locks it.")]


def make_table(findings: Sequence[Finding]) -> Table:
    """Return the findings as a table."""
    names = ("", "check", "what was found", "what to do")
    table = Table(*(Column(name, overflow="fold") for name in names), show_lines=False)
    for finding in findings:
        colour = COLOURS[finding.state]
        state = f"[{colour}]{finding.state}[/]"
        table.add_row(state, finding.check, escape(finding.found), f"[{colour}]{escape(finding.remedy)}[/]")
    return table
