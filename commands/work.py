"""`suxin worker` and `suxin publish`."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from logging.config import dictConfig
from typing import Annotated

import sqlalchemy as sa
import typer
from prometheus_client import start_http_server
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.officer import Officer
from casework import batches
from casework.procedure import Act
from casework.refusal import Refusal
from casework.transaction import transact
from commands.configuration import read_settings
from commands.exits import CommandError, explain_port
from commands.serving.changed_settings import record_settings
from commands.serving.process import ensure_fitness
from commands.session import console, explain_errors, make_keys, use_database, with_engine
from models.batch import Batch
from models.court import Staff, StaffRole
from models.staff_account import StaffAccount
from parts import Parts
from postgres import database
from postgres.reaching import wait_for_database
from settings import Settings
from telemetry import logs


def worker(
    metrics_port: Annotated[int | None, typer.Option(help="Port of /metrics; by default it is not served.")] = None,
    metrics_host: Annotated[str, typer.Option(help="Address of /metrics.")] = "127.0.0.1",
) -> None:
    """Run scheduled work and deliver events to webhooks. One process leads, the others wait.

    `suxin serve` does this too, unless SUXIN_WORKER=false.

    Example: suxin worker --metrics-port 9464
    """
    with explain_errors(), await_and_use(settings := read_settings()) as url:
        make_keys(settings)
        record_settings(settings, url)
        dictConfig(logs.build_configuration(logs.form_of(settings.log)))
        if metrics_port is not None:
            _show_metrics(metrics_host, metrics_port)
        console.print("The worker runs until you press Ctrl-C.")
        with suppress(KeyboardInterrupt):
            _work_on(settings, database.get_service_url(settings, url))
        console.print("The worker has stopped.")


@contextmanager
def await_and_use(settings: Settings) -> Iterator[sa.URL]:
    """The database, which is waited for if it is away. Raises as `use_database` does."""
    if settings.database_url:
        address = database.read_url(settings.database_url)

        async def ask() -> None:
            await asyncio.to_thread(database.check_server, address)

        asyncio.run(wait_for_database(ask, lambda reason: None))
    with use_database(settings, console, keys=True, signs=True) as url:
        yield url


def _show_metrics(host: str, port: int) -> None:
    try:
        start_http_server(port, host)
    except OSError as error:
        raise explain_port(error, host, port) from error


def work_until_ended() -> None:
    """Run the worker of `suxin serve`, which has prepared the database and set its URL."""
    settings = Settings.from_environment()
    dictConfig(logs.build_configuration(logs.form_of(settings.log)))
    url = database.read_url(settings.database_url or "")
    asyncio.run(wait_for_database(partial(with_engine, url, partial(ensure_fitness, settings))))
    _work_on(settings, url)


def _work_on(settings: Settings, url: sa.URL) -> None:
    """Run the worker until SIGTERM or SIGINT. What it was doing is done again by the next one."""
    parts = Parts(settings, url, partial(datetime.now, UTC))

    async def run() -> None:
        working = asyncio.create_task(parts.work())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, working.cancel)
        with suppress(asyncio.CancelledError):
            await working

    asyncio.run(run())


def publish(
    court: Annotated[str, typer.Option(help="Code of the court.")],
    month: Annotated[str, typer.Option(help="The month, as YYYY-MM.")],
    by: Annotated[str, typer.Option(help="User name of a member of the Centre.")],
    reason: Annotated[str, typer.Option(help="Reason, recorded with each item.")] = "按月发布。",
) -> None:
    """Publish the batch of a court and month: all items that the panel approved.

    Example: suxin publish --court 浙0281 --month 2026-03 --by centre
    """

    async def run(engine: AsyncEngine) -> int:
        async def step(connection: AsyncConnection) -> int:
            officer, key = await _officer(connection, by), await _batch(connection, court, _first(month))
            return len(await batches.publish(connection, key, Act(officer, datetime.now(UTC), reason)))

        try:
            return await transact(engine, step)
        except Refusal as refusal:
            raise CommandError(f"{refusal.message} {refusal.hint}") from None

    with explain_errors(), use_database(read_settings()) as url:
        console.print(f"{asyncio.run(with_engine(url, run))} items of {month} are published.")


def _first(month: str) -> datetime:
    try:
        return datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise CommandError("--month must look like 2026-03.") from None


async def _officer(connection: AsyncConnection, username: str) -> Officer:
    query = sa.select(Staff.id, Staff.role, Staff.court_code).join(StaffAccount, StaffAccount.staff_id == Staff.id)
    known = query.where(StaffAccount.username == username, Staff.left_at.is_(None))
    found = (await connection.execute(known)).one_or_none()
    if found is None or found.role is not StaffRole.CENTRE:
        raise CommandError(f"{username} is nobody of the Centre. See: suxin staff list.")
    return Officer(found.id, found.role, found.court_code)


async def _batch(connection: AsyncConnection, court: str, month: datetime) -> int:
    query = sa.select(Batch.id).where(Batch.court_code == court, Batch.month == month.date())
    key: int | None = (await connection.execute(query)).scalar_one_or_none()
    if key is None:
        raise CommandError(f"{court} has no batch of {month:%Y-%m}.")
    return key
