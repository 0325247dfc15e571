"""The users and the database of an installation, made by an administrator of the PostgreSQL server (ADR 29)."""

import re
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from commands.exits import CommandError
from postgres import database, roles

NAME = re.compile("[a-z][a-z0-9_]{0,40}")
LOCAL = "127.0.0.1"
DATABASE = (
    "CREATE DATABASE {name} OWNER {name}_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
)
TAKEN = sa.text(
    "SELECT 'the user ' || rolname FROM pg_roles WHERE rolname IN (:name || '_owner', :name || '_app')"
    " UNION ALL SELECT 'the database ' || datname FROM pg_database WHERE datname = :name"
)


@dataclass(frozen=True)
class Addresses:
    """The database as the user of the service, and as the owner of the tables."""

    service: str
    owner: str


def make_users(admin: sa.URL, name: str) -> Addresses:
    """Create the database `name`, its owner and the user of the service, with new passwords. admin: the URL of a user
    that may.

    Raises CommandError if one of them exists, DatabaseError if the server does not answer.
    """
    if not NAME.fullmatch(name):
        raise CommandError("--database-name must be small letters, digits and _, such as suxin.")
    database.check_server(admin, "--admin-url")
    engine = sa.create_engine(database.use_sync_driver(admin), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        if taken := connection.scalars(TAKEN, {"name": name}).all():
            raise CommandError(
                f"There is {' and '.join(taken)} already. Give --database-url and --owner-url with their passwords, "
                "or another --database-name."
            )
        owner, service = (secrets.token_urlsafe(24) for _ in range(2))
        _create(connection, name, owner, service)
        place = _find_place(connection, admin)
    engine.dispose()
    return Addresses(_render(place, name, "app", service), _render(place, name, "owner", owner))


def _find_place(connection: sa.Connection, admin: sa.URL) -> sa.URL:
    """Return where the users connect to. The socket of a machine lets them in under their own names only, so that they
    use the port, if there is one."""
    listens, port = (connection.scalar(sa.text(f"SHOW {name}")) for name in ("listen_addresses", "port"))
    if admin.host or not listens:
        return admin
    return admin.set(host=LOCAL, port=int(port)).difference_update_query(["host", "port"])


def _create(connection: sa.Connection, name: str, owner: str, service: str) -> None:
    """Create the users and the database. Users that are of no use are dropped."""
    for role in (roles.SERVICE, roles.READER):
        connection.execute(sa.text(roles.CREATE.format(role=role)))
    connection.execute(sa.text(f"CREATE ROLE {name}_owner LOGIN PASSWORD '{owner}'"))
    connection.execute(sa.text(f"CREATE ROLE {name}_app LOGIN PASSWORD '{service}' IN ROLE {roles.SERVICE}"))
    try:
        connection.execute(sa.text(DATABASE.format(name=name)))
    except sa.exc.DBAPIError:
        connection.execute(sa.text(f"DROP ROLE {name}_owner, {name}_app"))
        raise


def _render(place: sa.URL, name: str, user: str, password: str) -> str:
    found = place.set(drivername="postgresql", database=name, username=f"{name}_{user}", password=password)
    return found.render_as_string(hide_password=False)
