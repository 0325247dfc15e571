"""A change of the identity keys: what former ones have hashed and sealed is hashed and sealed by the newest (ADR 37).

It is one transaction, in which nobody else reads or writes: what is stored is never of two keys.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

import models
from commands.exits import CommandError
from models.keyring import Keyring, KeyringError
from models.number_hashes import SEALED, EarlierForm, NumberHash, list_hashes
from postgres import database
from settings import Settings

BATCH = 5_000
LOCK_SECONDS, LEAVING_SECONDS = 10, 3
"""How long tables are waited for, and how long sessions that are ending."""

Report = Callable[[str, int, int], None]
"""Is told the table, the number of its rows that are done, and of all."""

SESSIONS = sa.text(
    "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    " AND (application_name LIKE 'suxin%' OR application_name = ANY (:names)) ORDER BY application_name"
)
LOGGED = sa.text(
    "SELECT DISTINCT subject FROM access_index WHERE octet_length(subject) = 21 UNION"
    " SELECT one.index FROM access_tail, unnest(parties, indexes) AS one (party, index)"
    " WHERE one.party IS NULL AND one.index IS NOT NULL"
)
"""The hashes by which the log names subjects that it does not know as parties."""


def refuse_sessions(connection: sa.Connection, settings: Settings) -> None:
    """Raise CommandError if other processes of Suxin use the database: they have the former keys in memory."""
    urls = [database.read_url(url) for url in (settings.database_url, settings.direct_url) if url]
    names = [str(url.query["application_name"]) for url in urls if "application_name" in url.query]
    deadline = time.monotonic() + LEAVING_SECONDS
    while found := list(connection.scalars(SESSIONS, {"names": names})):
        if time.monotonic() > deadline:
            raise CommandError(
                f"Suxin is running on this database ({', '.join(found)}). Stop the service, the worker and imports on "
                "all machines, then run the command again: they would go on with the former keys."
            )
        time.sleep(0.1)


def hold_tables(connection: sa.Connection) -> None:
    """Keep everybody from tables with hashes until the transaction ends. Raises CommandError if one is in use."""
    tables = {str(column.table) for column in list_hashes(models.Base.metadata)}
    connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
    try:
        connection.execute(sa.text(f"LOCK TABLE {', '.join(sorted(tables))} IN ACCESS EXCLUSIVE MODE"))
        connection.execute(sa.text("LOCK TABLE access_answer, access_index IN EXCLUSIVE MODE"))
    except sa.exc.OperationalError as error:
        raise CommandError("Somebody uses the tables: end what reads or writes the database, and try again.") from error


def renew(connection: sa.Connection, ring: Keyring, report: Report) -> None:
    """Hash and seal by the newest keys what the database holds, in the caller's transaction.

    Rows of the access log stay as they are; `earlier_hash` leads to them. Raises KeyringError if something was sealed
    with other keys.
    """
    for column in list_hashes(models.Base.metadata):
        _renew_column(connection, column, ring, report)
    _add_earlier(connection, ring)
    connection.execute(sa.delete(EarlierForm))


def _renew_column(connection: sa.Connection, column: sa.Column[Any], ring: Keyring, report: Report) -> None:
    """Write the new values of a column, and of the one that is sealed to it, into a temporary table, and from there.

    Triggers do not run: for those who read it, nothing changes.
    """
    table, name = column.table, connection.dialect.identifier_preparer.quote(column.name)
    sealed = table.c[column.info[SEALED]] if SEALED in column.info else None
    kind = "bytea" if isinstance(column.type, NumberHash) else "bytea[]"
    connection.execute(sa.text(f"CREATE TEMPORARY TABLE renewed (place tid, hash {kind}, sealed bytea) ON COMMIT DROP"))
    query = sa.select(sa.literal_column("ctid::text"), column, sa.null() if sealed is None else sealed)
    total = connection.scalar(sa.select(sa.func.count(column))) or 0
    rows = connection.execute(query.where(column.is_not(None)), execution_options={"yield_per": BATCH})
    for done, some in enumerate(rows.partitions()):
        _copy(connection, "renewed", (_renew_row(row, ring) for row in some))
        report(str(table), done * BATCH + len(some), total)
    also = f", {sealed.name} = renewed.sealed" if sealed is not None else ""
    change = f"UPDATE {table} SET {name} = renewed.hash{also} FROM renewed WHERE {table}.ctid = renewed.place"  # noqa: S608
    for statement in ("ANALYZE renewed", f"ALTER TABLE {table} DISABLE TRIGGER USER", change):
        connection.execute(sa.text(statement))
    connection.execute(sa.text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
    connection.execute(sa.text("DROP TABLE renewed"))


def _renew_row(row: Sequence[Any], ring: Keyring) -> tuple[Any, ...]:
    place, index, sealed = row
    if isinstance(index, list):
        return place, [ring.renew(bytes(one)) for one in index], None
    new = ring.renew(bytes(index))
    return place, new, None if sealed is None else _seal_to(new, bytes(sealed), bytes(index), ring)


def _seal_to(new: bytes, sealed: bytes, index: bytes, ring: Keyring) -> bytes:
    try:
        return ring.seal(ring.open(sealed, index), new)
    except InvalidTag:
        raise KeyringError("A number was sealed with other keys than those of the key file.") from None


def _add_earlier(connection: sa.Connection, ring: Keyring) -> None:
    """Lead from the hashes of now to those in the log."""
    found = (bytes(index) for index in connection.scalars(LOGGED).all())
    connection.execute(sa.text("CREATE TEMPORARY TABLE named (earlier bytea, index bytea) ON COMMIT DROP"))
    _copy(connection, "named", _list_earlier(found, ring))
    connection.execute(
        sa.text("INSERT INTO earlier_hash (earlier, index) SELECT * FROM named ON CONFLICT (earlier) DO NOTHING")
    )


def _list_earlier(found: Iterable[bytes], ring: Keyring) -> Iterator[tuple[bytes, bytes]]:
    return ((index, ring.renew(index)) for index in found if index[0] != ring.mark)


def _copy(connection: sa.Connection, table: str, rows: Iterable[Sequence[Any]]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copying:
        for row in rows:
            copying.write_row(row)
