"""What a sandbox keeps: its data and keys over restarts, and its clients when the data is made anew."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.audiences import Audience
from auth.server.accounts import Password
from demo.city.build import build_city
from demo.city.cast import DEMO_VILLAGE
from demo.city.copying import Progress
from demo.clients import FAPI2_BANK, register_clients, register_fapi2
from demo.sandbox.joining import JOINING, lend_consents
from demo.sandbox.outcomes import LASTING_DAYS
from demo.staff import register_staff
from demo.stage import LOOPBACK, write_bound_keys, write_keys
from models.client import Client
from models.court import StaffRole
from models.household import Village
from models.keyring import Keyring, load_keyring
from models.terms import to_court_day
from postgres import database
from secret_file import write_secret
from settings import Settings

FOLDER, STATE, KEPT, STAFF = "sandbox", "sandbox.json", "kept-clients.json", "staff.json"
OPERATOR = "沙箱 Sandbox：其中的个人和单位都是虚构的 everybody in it is invented"


def prepare_sandbox(settings: Settings, address: str) -> Settings:
    """Return the settings of a sandbox: an embedded database of its own, whatever the environment names, and nothing
    that changes answers by chance. address: where it listens, which is its issuer unless another one is set."""
    issuer = address if settings.issuer == Settings.issuer else settings.issuer
    local = urlsplit(issuer).scheme == "http"
    own = settings.data_dir / FOLDER
    own.mkdir(parents=True, exist_ok=True)
    return replace(
        settings,
        database_url=None,
        direct_url=None,
        owner_url=None,
        data_dir=own,
        issuer=issuer,
        webhook_networks=(*settings.webhook_networks, LOOPBACK) if local else settings.webhook_networks,
        audit_one_in=0,
        misses=0,
        operator=settings.operator or OPERATOR,
    )


def find_day(settings: Settings) -> date | None:
    """Return the day of which the data is, or None if there is none, or only a part."""
    try:
        return date.fromisoformat(json.loads((settings.data_dir / STATE).read_text())["day"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_due(settings: Settings, now: datetime) -> bool:
    """Return whether the data has to be made: there is none, or it no longer answers as the table says."""
    day = find_day(settings)
    return day is None or to_court_day(now) >= day + timedelta(LASTING_DAYS)


def put_clients_aside(settings: Settings, url: sa.URL) -> None:
    """Write the registrations of all clients into a file, before the data is removed."""
    engine = database.make_sync_engine(url)
    with engine.connect() as connection:
        rows = connection.scalar(sa.text("SELECT coalesce(jsonb_agg(to_jsonb(c) - 'id'), '[]') FROM client c"))
    engine.dispose()
    write_secret(settings.data_dir / KEPT, json.dumps(rows))


def remove_data(settings: Settings, url: sa.URL) -> None:
    """Drop the database, and remove the key of its log: what a new log says is no continuation of the old one."""
    (settings.data_dir / STATE).unlink(missing_ok=True)
    settings.log_key_file.unlink(missing_ok=True)
    server = sa.create_engine(
        database.use_sync_driver(url.set(database="postgres")), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with server.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE "{url.database}" WITH (FORCE)'))
    server.dispose()


def fill_sandbox(settings: Settings, url: sa.URL, scale: float, now: datetime, progress: Progress) -> None:
    """Make the city in an empty database, with the clients that were put aside, else with new ones, whose keys are
    written into the folder `clients`. The passwords of staff are in the file `staff.json`. Raises CityError."""
    keyring = load_keyring(settings.key_file, settings.crypto, settings.crypto_command)
    kept = settings.data_dir / KEPT
    engine = database.make_sync_engine(url)
    with engine.begin() as connection:
        if kept.exists():
            _restore(connection, json.loads(kept.read_text()))
        else:
            _register(connection, settings.data_dir / "clients", now)
        staff = register_staff(connection)
        keys = {audience: _find_key(connection, audience) for audience in Audience}
    write_secret(settings.data_dir / STAFF, json.dumps(_list_passwords(staff), indent=2))
    asyncio.run(_build(url, keyring, keys, scale, to_court_day(now), progress))
    with engine.begin() as connection:
        _lend_again(connection, keyring)
    engine.dispose()
    write_secret(settings.data_dir / STATE, json.dumps({"day": to_court_day(now).isoformat(), "scale": scale}))
    kept.unlink(missing_ok=True)


async def _build(
    url: sa.URL, keyring: Keyring, keys: Mapping[Audience, int], scale: float, today: date, progress: Progress
) -> None:
    engine: AsyncEngine = database.make_async_engine(url, pool_size=2, statement_timeout=600)
    await build_city(engine, keyring, clients=keys, scale=scale, today=today, progress=progress)
    await engine.dispose()


def _register(connection: sa.Connection, folder: Path, now: datetime) -> None:
    """Register a client of each audience, and one of the class fapi2, and write their keys."""
    dict(write_keys(register_clients(connection, now), folder))
    write_bound_keys(register_fapi2(connection, now), folder)


def _restore(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Enter the clients that were put aside."""
    village = connection.scalar(sa.insert(Village).values(name=DEMO_VILLAGE).returning(Village.id))
    moved = [{**row, "village_id": village if row["village_id"] else None} for row in rows]
    names = ", ".join(column.name for column in Client.__table__.columns if column.name != "id")
    statement = f"INSERT INTO client ({names}) SELECT {names} FROM jsonb_populate_recordset(NULL::client, :rows)"  # noqa: S608
    bound = sa.text(statement).bindparams(sa.bindparam("rows", type_=sa.dialects.postgresql.JSONB))
    connection.execute(bound, {"rows": moved})


def _find_key(connection: sa.Connection, audience: Audience) -> int:
    named = Client.client_id == f"demo-{audience.lower().replace('_', '-')}"
    return connection.scalars(sa.select(Client.id).where(named)).one()


def _lend_again(connection: sa.Connection, keyring: Keyring) -> None:
    """Give the consents of the cast to clients that registered themselves, or are of the class fapi2."""
    joined = sa.select(Client.id, Client.audience).where(
        Client.audience.in_(JOINING), sa.or_(Client.client_id == FAPI2_BANK, ~Client.client_id.like("demo-%"))
    )
    for client_key, audience in connection.execute(joined).all():
        lend_consents(connection, keyring, client_key, audience)


def _list_passwords(staff: Mapping[StaffRole, Password]) -> dict[str, str]:
    return {who.username: who.password for who in staff.values()}
