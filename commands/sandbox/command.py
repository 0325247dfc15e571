"""`suxin sandbox`: a service for partners to try, whose data and keys last."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Annotated

import typer

from commands.configuration import read_settings
from commands.serving.command import listen_on
from commands.session import console, create_database, errors, explain_errors, is_new, show_progress
from demo.addresses import list_addresses
from demo.city.build import CityError
from demo.sandbox.joining import make_joining_route
from demo.sandbox.keeping import (
    STAFF,
    fill_sandbox,
    find_day,
    is_due,
    prepare_sandbox,
    put_clients_aside,
    remove_data,
)
from demo.sandbox.outcomes import LASTING_DAYS
from demo.stage import run_server
from server import create_app, put_behind_proxies
from settings import Settings

HOUR = 3600.0


def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    scale: Annotated[float, typer.Option(min=0.01, max=10, help="Size; 1 for the published figures.")] = 0.05,
    reset: Annotated[bool, typer.Option("--reset", help="Make the data anew; clients stay.")] = False,
) -> None:
    """Serve a city of invented persons to partners, until it is ended. Data and keys last over restarts.

    It has an embedded database of its own in SUXIN_DATA_DIR/sandbox, whatever SUXIN_DATABASE_URL names. Partners
    register themselves at /oauth/register. docs/sandbox.md says who answers what; every 20 days the data is made anew,
    so that it stays so.

    Example: SUXIN_ISSUER=https://sandbox.court.example suxin sandbox --port 8080
    """
    with explain_errors(CityError), _end_by_signals() as ended:
        settings = prepare_sandbox(read_settings(), f"http://{host}:{port}")
        while not ended.is_set():
            with listen_on(host, port) as listener:
                _make(settings, scale, reset)
                reset = False
                with create_database(settings) as url:
                    app = put_behind_proxies(create_app(settings, url, register=make_joining_route), settings)
                    with run_server(app, listener):
                        _present(settings)
                        wait_until_due(settings, ended)


def wait_until_due(settings: Settings, ended: Event) -> None:
    """Wait until the sandbox is ended or its data is due."""
    while not ended.wait(HOUR) and not is_due(settings, datetime.now(UTC)):
        pass


def _make(settings: Settings, scale: float, reset: bool) -> None:
    """Make the data if there is none, if it is due, or if it is asked for."""
    now = datetime.now(UTC)
    if not reset and not is_due(settings, now):
        return
    if not is_new(settings):
        with create_database(settings) as url:
            if find_day(settings):
                put_clients_aside(settings, url)
            remove_data(settings, url)
    with create_database(settings) as url, show_progress() as report:
        fill_sandbox(settings, url, scale, now, report)


def _present(settings: Settings) -> None:
    """Print where everything is."""
    issuer, folder = settings.issuer, settings.data_dir
    for address, what in list_addresses(issuer, joining=True):
        console.print(f"{address}  {what}", soft_wrap=True)
    console.print(f"Keys of a client of each audience: {folder / 'clients'}", soft_wrap=True)
    console.print(f"Passwords of staff: {folder / STAFF}", soft_wrap=True)
    if day := find_day(settings):
        console.print(f"Data of {day}, made anew on {day + timedelta(LASTING_DAYS)} or by --reset.", soft_wrap=True)
    console.print(f"The sandbox is ready: {issuer}. It ends by Ctrl-C or SIGTERM.", soft_wrap=True)


@contextmanager
def _end_by_signals() -> Iterator[Event]:
    """An event that SIGTERM and Ctrl-C set. A second signal ends the process at once."""
    ended, numbers = Event(), (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}

    def end(number: int, frame: object) -> None:
        ended.set()
        signal.signal(number, before[signal.Signals(number)])
        errors.print("[dim]Ending.[/]")

    for number in numbers:
        signal.signal(number, end)
    try:
        yield ended
    finally:
        for number in numbers:
            signal.signal(number, before[number])
