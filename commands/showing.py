"""`suxin demo`: a demonstration of the whole service."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from socket import socket
from threading import Event
from typing import Annotated

import httpx2
import sqlalchemy as sa
import typer
from rich.columns import Columns

from auth.audiences import Audience
from auth.server.accounts import Password
from commands.configuration import read_settings
from commands.exits import explain_port
from commands.importing import Manner, import_one, place_rejects
from commands.importing import show as show_summary
from commands.session import console, create_database, explain_errors, show_progress, with_engine
from demo.addresses import list_addresses
from demo.changed_file import ChangedFile
from demo.channels import Channels
from demo.city.build import CityError, build_city
from demo.city.cast import CHEN
from demo.clients import FAPI2_BANK, DemoClient, register_city_court, register_clients, register_fapi2
from demo.show import DemoError, Show
from demo.staff import register_administrators, register_staff
from demo.stage import open_socket, prepare_settings, run_server, write_bound_keys, write_keys
from ingest.importing import FORMATS
from models.court import StaffRole
from models.keyring import load_keyring
from models.terms import to_court_day
from postgres import database
from server import create_app
from settings import Settings

EXPORTS = Path(__file__).parent.parent / "examples" / "exports"
LIST = EXPORTS / "shixin.jsonl"


def demo(
    scale: Annotated[float, typer.Option(min=0.01, max=10, help="Size; 1 for the published figures.")] = 0.1,
    serve: Annotated[bool, typer.Option("--serve", help="Continue to serve after the examples.")] = False,
    port: Annotated[int, typer.Option(help="Port; by default 8000 with --serve, otherwise a free one.")] = 0,
) -> None:
    """Demonstrate the service: import exports, build a demo city, and send the requests of each audience over HTTP.

    It starts with an empty database of its own, in SUXIN_DATA_DIR/demo.
    """
    with explain_errors(CityError, DemoError), _listen(port or (8000 if serve else 0)) as (listener, address):
        settings = prepare_settings(read_settings(), address)
        with create_database(settings) as url:
            registered, staff, city_court = _fill(settings, url, scale)
            with run_server(create_app(settings, url), listener):
                _present(settings, address, url, registered, staff, city_court)
                if serve:
                    _stay(settings, registered, staff, address)


@contextmanager
def _listen(port: int) -> Iterator[tuple[socket, str]]:
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(open_socket(port))
        except OSError as error:
            raise explain_port(error, "127.0.0.1", port) from error
        yield opened


def _fill(
    settings: Settings, url: sa.URL, scale: float
) -> tuple[dict[Audience, DemoClient], dict[StaffRole, Password], DemoClient]:
    """Register clients and staff, import the example exports, and build the city.

    Returns the clients by audience, the passwords of staff, and the client of the intermediate court.
    """
    now = datetime.now(UTC)
    engine = database.make_sync_engine(url)
    with engine.begin() as connection:
        registered, staff = register_clients(connection, now), register_staff(connection)
        administrators = register_administrators(connection)
        write_bound_keys(register_fapi2(connection, now), settings.data_dir / "clients")
        city_court = register_city_court(connection, now)
    engine.dispose()
    for power, who in administrators.items():
        console.print(f"{power} administers as {who.username} with {who.password}", soft_wrap=True)
    for format in FORMATS:
        for file in EXPORTS.glob(f"{format}.*"):
            _bring(settings, url, format, file)
    keyring, keys = (
        load_keyring(settings.key_file, settings.crypto, settings.crypto_command),
        {audience: one.primary_key for audience, one in registered.items()},
    )
    with show_progress() as report:
        built = asyncio.run(
            with_engine(
                url,
                partial(
                    build_city,
                    keyring=keyring,
                    clients=keys,
                    scale=scale,
                    today=to_court_day(now),
                    progress=report,
                    completes=True,
                ),
            )
        )
    console.print(Columns([f"[bold]{value}[/] {name}" for name, value in asdict(built).items()], title="the city"))
    return registered, staff, city_court


def _bring(settings: Settings, url: sa.URL, format: str, file: Path) -> None:
    (rejects,) = place_rejects([file], settings.data_dir)
    show_summary(file, rejects, import_one(settings, url, format, file, rejects, Manner()))


def _present(
    settings: Settings,
    address: str,
    url: sa.URL,
    registered: Mapping[Audience, DemoClient],
    staff: Mapping[StaffRole, Password],
    city_court: DemoClient,
) -> None:
    """Send every example as its audience and print the answers."""
    engine = database.make_sync_engine(url)
    with httpx2.Client(timeout=30) as http:
        show = Show(console, address, registered, staff, engine, http, city_court)
        show.run()
        Channels(show).run()
        ChangedFile(show, LIST, settings.data_dir, partial(_bring, settings, url, "shixin")).run()
        page = show.issue_report()
        console.print(f"{CHEN.name} shows an integrity report at {page} (.pdf, .jws, .json)", soft_wrap=True)
    engine.dispose()
    console.rule("every audience was answered")


def _stay(
    settings: Settings,
    registered: Mapping[Audience, DemoClient],
    staff: Mapping[StaffRole, Password],
    address: str,
) -> None:
    """Print how to send requests as each audience, and wait for Ctrl-C."""
    for client, file in write_keys(registered, settings.data_dir / "clients"):
        console.print(f"SUXIN_ISSUER={address} suxin token {client} --key {file}", soft_wrap=True)
    bound = settings.data_dir / "clients" / FAPI2_BANK
    keys = f"--key {bound}.json --proof-key {bound}-proofs.json"
    console.print(f"SUXIN_ISSUER={address} suxin token {FAPI2_BANK} {keys}  (see suxin proof)", soft_wrap=True)
    show_ready(address, staff)
    with suppress(KeyboardInterrupt):
        Event().wait()


def show_ready(address: str, staff: Mapping[StaffRole, Password]) -> None:
    """Print the addresses of a demo that serves, and who signs in at its desk."""
    for role, who in staff.items():
        console.print(f"{role} signs in at {address}/court as {who.username} with {who.password}", soft_wrap=True)
    for place, what in list_addresses(address):
        console.print(f"{place}  {what}", soft_wrap=True)
    console.print(f"Serving on {address} until you press Ctrl-C.", soft_wrap=True)
