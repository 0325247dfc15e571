"""Checks of the database and of overdue work."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.access_index import find_default_partitions
from casework.backlog import Backlog, measure_backlog
from casework.transparency.erasure import list_begun_months
from commands.doctor import derived, transparency, vital
from commands.doctor.finding import Finding, State, ok, problem, warning
from commands.doctor.replication import examine_replication, examine_standby
from commands.doctor.sealed_numbers import examine_algorithms
from models.client import Client
from models.terms import to_court_day
from postgres.locks import is_led
from settings import DATABASE_URL, Settings

SKEW_SECONDS = 5.0
"""With a larger difference, tokens are refused and deadlines are wrong."""

PATIENCE_SECONDS = 600.0
"""How long deliveries may be due before it is a problem."""

NOTICE_DAYS = 30
"""How long before the end of a client's admission it is told."""

CLOSED_WRONGLY = sa.text(
    """
    SELECT replace(right(relname, 7), '_', '-') FROM pg_inherits JOIN pg_class ON oid = inhrelid
    WHERE inhparent = 'access_answer'::regclass AND CASE
        WHEN relname !~ '^access_answer_[0-9]{4}_[0-9]{2}$' THEN false
        WHEN EXISTS (SELECT FROM pg_trigger WHERE tgrelid = inhrelid AND tgname = 'closed')
            THEN right(relname, 7) >= :this
        ELSE to_date(right(relname, 7), 'YYYY_MM') < (SELECT max(until) AT TIME ZONE 'UTC' FROM access_log_closing)
    END ORDER BY relname
    """
)
"""Months that are closed and not over, or before others that are closed."""

SLOTS_A_MONTH = 2
LOCKS = sa.text(
    "SELECT current_setting('max_locks_per_transaction')::integer,"
    " (SELECT count(*) FROM pg_inherits WHERE inhparent = 'access_answer'::regclass)"
)

START = "Start `suxin serve`, or `suxin worker` where SUXIN_WORKER=false."


async def examine(
    engine: AsyncEngine, settings: Settings, now: Callable[[], datetime], *, deep: bool = False
) -> Sequence[Finding]:
    """Run all checks of a database. Checks of tables are skipped if the schema is not up to date. deep: whether what is
    derived is compared with its base.
    """
    async with engine.connect() as connection:
        found = [
            await _version(connection, settings),
            await _clock(connection, now),
            await examine_replication(connection),
            *([await examine_standby(connection, settings.standby_url)] if settings.standby_url else []),
            *await vital.examine(connection, settings),
        ]
        if all(one.state is not State.PROBLEM for one in found if one.check == vital.REVISION):
            found += [await connection.run_sync(examine_algorithms, settings)] if settings.key_file.exists() else []
            found += [one async for one in _tables(connection, settings, now())]
            found += [one async for one in derived.examine(connection)] if deep else []
            found += [await transparency.examine_chain(connection, settings, now())] if deep else []
        return found


async def _tables(connection: AsyncConnection, settings: Settings, moment: datetime) -> AsyncIterator[Finding]:
    yield await examine_months(connection, moment)
    yield await _locks(connection)
    if begun := await list_begun_months(connection):
        text = f"The archiving of {', '.join(begun)} was begun and not finished: its answers are out of the log."
        yield warning("archives", text, "Run `suxin log archive` with the same directory: it goes on there.")
    yield await transparency.examine_lag(connection, moment)
    yield await connection.run_sync(_admissions, moment)
    waits = await measure_backlog(connection, moment)
    yield await _leader(connection)
    for look in (_days, _deliveries, _failing, _objections, _months):
        yield look(waits)


async def _version(connection: AsyncConnection, settings: Settings) -> Finding:
    """The version of the server, which `database` has checked to be supported, and whose it is."""
    text = f"PostgreSQL {(await connection.execute(sa.text('SHOW server_version'))).scalar_one()}"
    if settings.database_url:
        return ok("database", f"{text}.")
    remedy = f"It is for trying. Keep a court's register on a PostgreSQL of its own, and set {DATABASE_URL}."
    return warning("database", f"{text}, embedded.", remedy)


async def _clock(connection: AsyncConnection, now: Callable[[], datetime]) -> Finding:
    before = now()
    theirs: datetime = (await connection.execute(sa.text("SELECT clock_timestamp()"))).scalar_one()
    skew = (theirs - before - (now() - before) / 2).total_seconds()
    if abs(skew) <= SKEW_SECONDS:
        return ok("clock", "This machine and the database agree.")
    where = "ahead of" if skew > 0 else "behind"
    text = f"The database's clock is {abs(skew):.0f} seconds {where} this machine's."
    return problem("clock", text, "Let both machines keep time by NTP.")


async def examine_months(connection: AsyncConnection, moment: datetime) -> Finding:
    """Check the partitions of the access log, without which no answer can be given (R19)."""
    if defaults := await find_default_partitions(connection):
        text = f"{' and '.join(defaults)} takes what has no month: no month is made or archived beside it."
        return problem("access log", text, 'Detach it: docs/operations.md, "Partitions of the access log".')
    this = moment.astimezone(UTC).replace(day=1)
    months = [f"{month:%Y_%m}" for month in (this, this + timedelta(days=31))]
    exists = sa.text("SELECT to_regclass('access_answer_' || :month) IS NOT NULL")
    missing = [month for month in months if not (await connection.execute(exists, {"month": month})).scalar_one()]
    if unsure := list((await connection.execute(CLOSED_WRONGLY, {"this": f"{this:%Y_%m}"})).scalars()):
        text = f"{', '.join(unsure)}: closed, though it is not over, or not closed, though later months are."
        return problem("access log", text, 'Open the months again: docs/operations.md, "Partitions of the access log".')
    if not missing:
        return ok("access log", "This month and the next have their partitions.")
    text = (
        f"The access log has no partition for {' and '.join(missing).replace('_', '-')}: nothing can be answered then."
    )
    return problem("access log", text, "Start `suxin serve`: it makes them, and looks after them every hour.")


async def _locks(connection: AsyncConnection) -> Finding:
    """Check that the sessions of the server can read all months of the access log at the same time."""
    slots, months = (await connection.execute(LOCKS)).one()
    return judge_locks(slots, months)


def judge_locks(slots: int, months: int) -> Finding:
    """Return what is found about `max_locks_per_transaction`. A statement over all months locks six relations of each,
    and a hundred sessions with 64 slots each had room for 53 such statements over 123 months."""
    told = f"max_locks_per_transaction is {slots}, and the access log has {months} months"
    if slots >= SLOTS_A_MONTH * months:
        return ok("locks", f"{told}.")
    remedy = f"Set it to {SLOTS_A_MONTH * months} or more, and restart PostgreSQL, standbys first."
    return warning("locks", f"{told}: when many litigants look at their pages, statements are refused.", remedy)


def _admissions(connection: sa.Connection, moment: datetime) -> Finding:
    soon = to_court_day(moment) + timedelta(days=NOTICE_DAYS)
    active = sa.select(Client.client_id).where(Client.disabled_at.is_(None), Client.ends_on.is_not(None))
    admitted = list(connection.scalars(active.order_by(Client.client_id)))
    ending = list(connection.scalars(active.where(Client.ends_on <= soon).order_by(Client.client_id)))
    if not ending:
        return ok(
            "admissions", f"{len(admitted)} clients are admitted by contract, none until less than {NOTICE_DAYS} days."
        )
    text = f"The admission of {', '.join(ending)} ends within {NOTICE_DAYS} days; then they are disabled."
    return warning("admissions", text, "Renew the contract, and record it by `suxin client admit`.")


async def _leader(connection: AsyncConnection) -> Finding:
    if await is_led(connection):
        return ok("worker", "A process does what time brings.")
    return problem("worker", "No process does what time brings, and webhooks are told nothing.", START)


def _days(waits: Backlog) -> Finding:
    if waits.days is None:
        return warning("calendar", "No day was worked through yet.", START)
    if waits.days:
        text = f"{waits.days} days were not worked through: ends and reminders were not told."
        return problem("calendar", text, f"{START} If it runs, its log says why it cannot go on.")
    return ok("calendar", "Every day that has begun is worked through.")


def _deliveries(waits: Backlog) -> Finding:
    text = f"{waits.deliveries} deliveries to webhooks are due, the first for {waits.waiting:.0f} seconds."
    if waits.waiting <= PATIENCE_SECONDS:
        return ok("deliveries", text if waits.deliveries else "None is due.")
    remedy = "See that a worker runs and reaches the receivers; private networks are named in SUXIN_WEBHOOK_NETWORKS."
    return problem("deliveries", text, remedy)


def _failing(waits: Backlog) -> Finding:
    if not waits.failing:
        return ok("webhooks", "None has failed for good.")
    text = f"{waits.failing} webhooks are sent nothing any more: they took nothing for four days, or are gone."
    return warning("webhooks", text, "Tell their owners: `enableWebhook` begins again, `deleteWebhook` ends them.")


def _objections(waits: Backlog) -> Finding:
    if not waits.objections:
        return ok("objections", "None is overdue.")
    text = f"{waits.objections} objections should have been answered by now (R8)."
    return warning("objections", text, "The panel answers them by `answerObjection`; `reminders` lists them.")


def _months(waits: Backlog) -> Finding:
    if not waits.months:
        return ok("publication", "Every month that is over is published.")
    text = f"{waits.months} months of courts are over and not published (R5)."
    return warning(
        "publication", text, "Run `suxin publish --court CODE --month YYYY-MM --by USER` once they are decided."
    )
