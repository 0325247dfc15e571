"""Checks of the database and of overdue work."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.backlog import Backlog, measure_backlog
from commands.doctor import derived
from commands.doctor.finding import Finding, ok, problem, warning
from jobs.worker import is_led
from models.keyring import Keyring, KeyringError, load_keyring
from models.party import Identity
from postgres import database, roles
from settings import DATABASE_URL, OWNER_URL, Settings

SKEW_SECONDS = 5.0
"""With a larger difference, tokens are refused and deadlines are wrong."""

PATIENCE_SECONDS = 600.0
"""How long deliveries may be due before it is a problem."""

START = "Start `suxin serve`, or `suxin worker` where SUXIN_WORKER=false."


async def examine(
    engine: AsyncEngine, settings: Settings, now: Callable[[], datetime], *, deep: bool = False
) -> Sequence[Finding]:
    """Run all checks of a database. Checks of tables are skipped if the schema is not up to date. deep: whether what is
    derived is compared with its base.
    """
    async with engine.connect() as connection:
        found = [await _version(connection), await _clock(connection, now), await _revision(connection)]
        if not found[-1].remedy:
            found.append(await connection.run_sync(_roles, settings.database_url is None))
            found += [one async for one in _tables(connection, settings, now())]
            found += [one async for one in derived.examine(connection)] if deep else []
        return found


async def _tables(connection: AsyncConnection, settings: Settings, moment: datetime) -> AsyncIterator[Finding]:
    yield await _partitions(connection, moment)
    yield await _sealed(connection, settings)
    waits = await measure_backlog(connection, moment)
    yield await _leader(connection)
    for look in (_days, _deliveries, _failing, _objections, _months):
        yield look(waits)


async def _version(connection: AsyncConnection) -> Finding:
    """The version of the server. `database` has checked that it is supported."""
    return ok("database", f"PostgreSQL {(await connection.execute(sa.text('SHOW server_version'))).scalar_one()}.")


async def _clock(connection: AsyncConnection, now: Callable[[], datetime]) -> Finding:
    before = now()
    theirs: datetime = (await connection.execute(sa.text("SELECT clock_timestamp()"))).scalar_one()
    skew = (theirs - before - (now() - before) / 2).total_seconds()
    if abs(skew) <= SKEW_SECONDS:
        return ok("clock", "This machine and the database agree.")
    where = "ahead of" if skew > 0 else "behind"
    text = f"The database's clock is {abs(skew):.0f} seconds {where} this machine's."
    return problem("clock", text, "Let both machines keep time by NTP.")


POWERFUL = sa.text(
    "SELECT current_user FROM pg_roles WHERE rolname = current_user AND (rolsuper"
    " OR EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema() AND pg_has_role(tableowner, 'USAGE')))"
)


def _roles(connection: sa.Connection, embedded: bool) -> Finding:
    """Whether the service works without the rights of the owner (ADR 29). embedded: its user is chosen by Suxin."""
    if not roles.exist(connection):
        text = f"The roles {roles.SERVICE} and {roles.READER} do not exist."
        remedy = "Create them as a superuser (`CREATE ROLE ... NOLOGIN`), then run `suxin migrate`."
        return warning("roles", text, remedy)
    if wrong := roles.find_wrong_rights(connection):
        text = f"{roles.SERVICE} or {roles.READER} have other rights than they should on {', '.join(wrong[:5])}."
        return problem("roles", text, "Find out who changed them, then run `suxin migrate` as the owner.")
    if not embedded and (user := connection.scalar(POWERFUL)):
        text = f"The service connects as {user}, who may change the tables, the access log included."
        remedy = (
            f"Create a user in the role {roles.SERVICE} for {DATABASE_URL}, and set {OWNER_URL} to the owner's URL."
        )
        return warning("roles", text, remedy)
    return ok("roles", "The service owns no table.")


async def _revision(connection: AsyncConnection) -> Finding:
    known = database.list_revisions()
    there = (await connection.execute(sa.text("SELECT to_regclass('alembic_version')"))).scalar_one()
    query = sa.text("SELECT version_num FROM alembic_version")
    found = (await connection.execute(query)).scalar_one_or_none() if there else None
    if found == known[0]:
        return ok("migrations", f"The database is at the newest revision, {found}.")
    if found and found not in known:
        text = f"The database is at revision {found}, which this Suxin does not know."
        return problem("migrations", text, "Install the Suxin that migrated it, or a newer one.")
    text = f"The database is at revision {found}; {known[0]} is the newest." if found else "The database is empty."
    return problem("migrations", text, "Run `suxin migrate`, with a backup at hand.")


async def _partitions(connection: AsyncConnection, moment: datetime) -> Finding:
    """Check the partitions of the access log, without which no answer can be given (R19)."""
    this = moment.astimezone(UTC).replace(day=1)
    months = [f"{month:%Y_%m}" for month in (this, this + timedelta(days=31))]
    exists = sa.text("SELECT to_regclass('access_answer_' || :month) IS NOT NULL")
    missing = [month for month in months if not (await connection.execute(exists, {"month": month})).scalar_one()]
    if not missing:
        return ok("access log", "This month and the next have their partitions.")
    text = (
        f"The access log has no partition for {' and '.join(missing).replace('_', '-')}: nothing can be answered then."
    )
    return problem("access log", text, "Start `suxin serve`: it makes them, and looks after them every hour.")


async def _sealed(connection: AsyncConnection, settings: Settings) -> Finding:
    """Check that the key ring opens the first and the last sealed number."""
    first, last = (
        sa.select(Identity.index, Identity.sealed).order_by(order).limit(1)
        for order in (Identity.party_id, Identity.party_id.desc())
    )
    rows = [*(await connection.execute(first)), *(await connection.execute(last))]
    if not rows:
        return ok("sealed numbers", "There are none yet.")
    remedy = f"Restore the {settings.key_file.name} that belongs to this database to {settings.key_file}."
    if not settings.key_file.exists():
        return problem(
            "sealed numbers", "The database holds numbers that were sealed by keys that are not here.", remedy
        )
    try:
        ring = load_keyring(settings.key_file)
        fits = all(_fits(ring, index, sealed) for index, sealed in rows)
    except KeyringError:
        fits = False
    if not fits:
        return problem("sealed numbers", "The key ring does not open the numbers that the database holds.", remedy)
    return ok("sealed numbers", "The key ring opens what the database holds.")


def _fits(ring: Keyring, index: bytes, sealed: bytes) -> bool:
    try:
        return index in ring.probes(ring.open(sealed, index))
    except (InvalidTag, KeyringError):
        return False


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
