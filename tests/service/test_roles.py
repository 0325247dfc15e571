"""The service works with the rights of a role that owns no table (ADR 29)."""

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa
from conftest import SERVICE_USER, as_service
from sqlalchemy.exc import DBAPIError
from world import NOW, World

from casework.outbox import PLACE
from postgres import database, roles
from postgres.errors import DatabaseError

NEXT_YEAR = date(NOW.year + 1, 7, 1)


@pytest.fixture
def service(database_copy: sa.URL) -> Iterator[sa.Connection]:
    """A connection of the user of the service. What it does is rolled back."""
    engine = database.make_sync_engine(as_service(database_copy))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def owner(world: World) -> Iterator[sa.Connection]:
    """A connection of the owner. What it does is rolled back."""
    with world.engine.connect() as connection:
        yield connection
        connection.rollback()


REFUSED = {
    "DELETE FROM access_answer": "permission denied for table access_answer",
    "UPDATE access_answer SET operator = 'somebody else'": "permission denied for table access_answer",
    "TRUNCATE access_answer": "permission denied for table access_answer",
    "SELECT FROM {partition}": "permission denied for table {partition}",
    "DELETE FROM {partition}": "permission denied for table {partition}",
    "UPDATE access_shape SET field = 'none'": "permission denied for table access_shape",
    "UPDATE event SET kind = 'LISTED'": "permission denied for table event",
    "UPDATE security_event SET operator = 'somebody else'": "permission denied for table security_event",
    "DELETE FROM security_event": "permission denied for table security_event",
    "TRUNCATE security_event": "permission denied for table security_event",
    "DELETE FROM event": "permission denied for table event",
    "TRUNCATE party CASCADE": "permission denied for table party",
    "UPDATE alembic_version SET version_num = '0001'": "permission denied for table alembic_version",
    "ALTER TABLE access_answer DISABLE TRIGGER append_only": "must be owner of table access_answer",
    "DROP TRIGGER append_only ON access_answer": "must be owner of relation access_answer",
    "ALTER TABLE {partition} DISABLE TRIGGER ALL": "must be owner of table {partition}",
    "CREATE TABLE own (one int)": "permission denied for schema public",
    "SET session_replication_role = replica": 'permission denied to set parameter "session_replication_role"',
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'": (
        "permission denied for schema public"
    ),
}
LAST = sa.text("SELECT max(position) FROM event")
ANOTHER = sa.text(
    "INSERT INTO event (consent_id, kind, occurred_at) SELECT consent_id, kind, occurred_at FROM event"
    " WHERE consent_id IS NOT NULL LIMIT 1 RETURNING id"
)
"""An event without a position."""

PARTITION = "access_answer_" + NOW.strftime("%Y_%m")


@pytest.mark.parametrize("statement", REFUSED)
def test_the_service_may_not_change_what_is_written(service: sa.Connection, statement: str) -> None:
    with pytest.raises(DBAPIError) as caught:
        service.execute(sa.text(statement.format(partition=PARTITION)))
    assert str(caught.value.orig).splitlines()[0] == REFUSED[statement].format(partition=PARTITION)


def test_the_service_numbers_what_was_written(service: sa.Connection) -> None:
    """Events are append-only, and get their position after the commit (casework.outbox)."""
    last = service.scalar(LAST)
    written = service.scalar(ANOTHER)
    service.execute(PLACE)
    placed = service.scalar(sa.text("SELECT position FROM event WHERE id = :id"), {"id": written})
    service.rollback()
    assert (service.scalar(LAST), placed) == (last, last + 1)


def test_the_service_creates_partitions_and_owns_none(service: sa.Connection, owner: sa.Connection) -> None:
    service.execute(sa.text("SELECT ensure_access_log_partition(:day)"), {"day": NEXT_YEAR})
    service.commit()
    owned = "SELECT tableowner FROM pg_tables WHERE tablename = :name"
    name = f"access_answer_{NEXT_YEAR:%Y_%m}"
    assert owner.scalar(sa.text(owned), {"name": name}) == "postgres"
    assert roles.find_wrong_rights(owner) == []
    with pytest.raises(DBAPIError, match=f"{name} is append-only"):
        owner.execute(sa.text(f"TRUNCATE {name}"))


def test_the_index_is_emptied_in_another_cluster_only(service: sa.Connection) -> None:
    state = sa.text("SELECT epoch, snapshot::text FROM access_index_state")
    before = service.execute(state).one()
    service.execute(sa.text("SELECT begin_access_log_epoch()"))
    assert service.execute(state).one() == before


@pytest.mark.parametrize("table", ["access_answer", PARTITION, "access_shape"])
def test_the_owner_does_not_truncate_by_mistake(owner: sa.Connection, table: str) -> None:
    with pytest.raises(DBAPIError, match="is append-only"):
        owner.execute(sa.text(f"TRUNCATE {table}"))


def test_no_user_of_the_service_owns_or_rules_anything(owner: sa.Connection) -> None:
    found = sa.text(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls,"
        " EXISTS (SELECT FROM pg_class WHERE relowner = r.oid), EXISTS (SELECT FROM pg_proc WHERE proowner = r.oid)"
        " FROM pg_roles AS r WHERE rolname = ANY (:names)"
    )
    rows = owner.execute(found, {"names": [SERVICE_USER, roles.SERVICE, roles.READER]}).all()
    assert [tuple(row) for row in rows] == [(False,) * 6] * 3


WRONG = {
    "GRANT DELETE ON access_answer TO suxin_service": ["access_answer"],
    "REVOKE INSERT ON party FROM suxin_service": ["party"],
    "GRANT UPDATE ON party TO suxin_reader": ["party"],
    "GRANT SELECT ON staff_account TO suxin_reader": ["staff_account"],
    f"GRANT SELECT ON {PARTITION} TO PUBLIC": [PARTITION],
    "CREATE TABLE later (one int)": ["later"],
    "DROP TRIGGER append_only ON access_shape": ["access_shape"],
    "REVOKE UPDATE (position) ON event FROM suxin_service": ["event"],
    "GRANT UPDATE (kind) ON event TO suxin_service": ["event"],
}


@pytest.mark.parametrize("change", WRONG)
def test_wrong_rights_are_found_and_mended(owner: sa.Connection, change: str) -> None:
    assert roles.find_wrong_rights(owner) == []
    owner.execute(sa.text(change))
    assert roles.find_wrong_rights(owner) == WRONG[change]
    roles.grant_rights(owner)
    assert roles.find_wrong_rights(owner) == []


def test_readers_see_no_secrets(owner: sa.Connection) -> None:
    """Whatever is named like a secret is in a table that they may not read, and each of these tables exists."""
    named = sa.text(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND column_name ~ '(secret|password|token_hash|code_hash|sealed)'"
    )
    may = sa.text("SELECT has_table_privilege('suxin_reader', CAST(:name AS regclass), 'SELECT')")
    found = {*owner.scalars(named), *roles.SECRETS}
    assert {name for name in found if owner.scalar(may, {"name": name})} == set()


def test_somebody_who_owns_nothing_grants_nothing(service: sa.Connection) -> None:
    roles.grant_rights(service)
    assert roles.find_wrong_rights(service) == []


def test_the_service_cannot_migrate(service: sa.Connection, owner: sa.Connection, database_copy: sa.URL) -> None:
    owner.execute(sa.text("UPDATE alembic_version SET version_num = '0035'"))
    owner.commit()
    try:
        with pytest.raises(DatabaseError) as caught:
            database.migrate(as_service(database_copy))
    finally:
        owner.execute(sa.text("UPDATE alembic_version SET version_num = :head"), {"head": database.list_revisions()[0]})
        owner.commit()
    assert str(caught.value) == (
        f"{SERVICE_USER} may not migrate the database. Set SUXIN_OWNER_URL to the owner's URL."
    )
