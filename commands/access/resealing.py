"""The change of a database to the suite SM, while it serves (ADR 41).

It begins with a list of all subjects that are stored (`earlier_form`). Each batch changes all rows of some subjects in
one transaction, and takes them off the list: in every snapshot, the rows of a subject are of one form. Subjects that
somebody writes about are left to a later batch.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

import models
from commands.access.rekeying import LOGGED, Report, hold_tables, refuse_sessions
from models.keyring import Keyring, KeyringError
from models.number_hashes import COPIED, SEALED, EarlierForm, NumberHash, list_hashes
from models.sealed_octets import bind, is_former, list_places, list_sealed
from settings import Settings

BATCH = 250
"""Subjects of one transaction, which takes about a tenth of a second. The command then rests as long."""

OCTETS_BATCH = 20
"""Rows of sealed octets of one transaction: a page of a file may have a megabyte."""

LOCK_MILLISECONDS, PAUSE_SECONDS, LONGEST_REST = 300, 0.2, 1.0
"""How long a batch waits for a row that somebody writes, and how long the command waits then; its longest rest."""

NEXT = sa.text(
    "SELECT earlier FROM earlier_form WHERE earlier > :after ORDER BY earlier LIMIT :most FOR UPDATE SKIP LOCKED"
)
PAIRS = "unnest(CAST(:earlier AS bytea[]), CAST(:newest AS bytea[])) AS pair (earlier, newest)"
NAMED = sa.text(
    f"""
    INSERT INTO earlier_hash (earlier, index) SELECT pair.earlier, pair.newest FROM {PAIRS}
    WHERE NOT EXISTS (SELECT FROM identity AS i WHERE i.index = pair.newest)
    OR EXISTS (SELECT FROM access_index AS a WHERE a.subject = pair.earlier)
    OR pair.earlier IN (SELECT unnest(t.indexes) FROM access_tail AS t)
    ON CONFLICT (earlier) DO NOTHING
    """  # noqa: S608 - a constant
)
"""Leads from the hash of now to the one that the log may use, of subjects that are no parties, or were none."""


def list_changed(of_copies: bool = False) -> Sequence[sa.Column[Any]]:
    """Return the columns with hashes that are changed, or those of copies. Cards are made anew by the worker."""
    found = [column for column in list_hashes(models.Base.metadata) if isinstance(column.type, NumberHash)]
    copied = ("subject_notice",) if of_copies else tuple({str(one.table) for one in found} - set(COPIED))
    return [column for column in found if str(column.table) in copied]


def begin(connection: sa.Connection, settings: Settings, ring: Keyring) -> int:
    """List all subjects that are stored, in the caller's transaction. Returns their number.

    Nobody may be connected: who has the former setting would write what is not on the list. Raises CommandError.
    """
    refuse_sessions(connection, settings)
    hold_tables(connection)
    stored = [f"SELECT {_quote(connection, one)} AS earlier FROM {one.table}" for one in list_changed()]  # noqa: S608
    stored += [f"SELECT {_quote(connection, one)} FROM {one.table}" for one in list_changed(of_copies=True)]  # noqa: S608
    found = " UNION ".join((*stored, LOGGED.text))
    query = f"INSERT INTO earlier_form SELECT earlier FROM ({found}) AS stored WHERE get_byte(earlier, 0) = :mark"  # noqa: S608
    connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
    return connection.execute(sa.text(f"{query} ON CONFLICT DO NOTHING"), {"mark": ring.earlier_mark}).rowcount


@dataclass
class Resealing:
    """The work on the list. report: is told of each batch. pause: waits until rows are free."""

    engine: sa.Engine
    ring: Keyring
    report: Report
    size: int = BATCH
    pause: Callable[[float], None] = time.sleep

    def finish(self) -> int:
        """Change all that is listed, and what was copied meanwhile. Returns the number of subjects."""
        done, left = 0, self._count()
        total = left
        while left:
            changed = sum(self._pass())
            done, left = done + changed, self._count()
            if left and not changed:
                self.pause(PAUSE_SECONDS)
            self.report("subjects", total - left, total)
        self._change_copies()
        self._seal_rest()
        for column in list_sealed(models.Base.metadata):
            self._seal_octets(column)
        return done

    def _count(self) -> int:
        with self.engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(EarlierForm)) or 0

    def _pass(self) -> Iterator[int]:
        """Go through the list once. Yields the number of subjects of each batch."""
        after: bytes | None = b""
        while after is not None:
            begun = time.monotonic()
            try:
                with self.engine.begin() as connection:
                    changed = change_some(connection, self.ring, after, self.size)
            except sa.exc.OperationalError:  # somebody holds a row for longer, or a deadlock: the batch comes again
                return
            after = changed[-1] if changed else None
            yield len(changed)
            self.pause(min(time.monotonic() - begun, LONGEST_REST))

    def _change_copies(self) -> None:
        """Change the notices that were copied from rows of before while these were changed."""
        mark = self.ring.earlier_mark
        for column in list_changed(of_copies=True) if mark else ():
            with self.engine.begin() as connection:
                former = sa.select(column).distinct().where(sa.func.get_byte(column, 0) == mark)
                found = [bytes(one) for one in connection.scalars(former)]
                _change_column(connection, column, {one: self.ring.renew(one) for one in found})

    def _seal_rest(self) -> None:
        """Seal what is of no listed subject and was sealed by the former algorithm: of numbers that came since."""
        for column in list_changed():
            if SEALED in column.info:
                while self._seal_some(column):
                    pass

    def _seal_some(self, column: sa.Column[Any]) -> int:
        sealed = column.table.c[column.info[SEALED]]
        query = sa.select(sa.literal_column("ctid::text"), column, sealed).where(is_former(sealed))
        with self.engine.begin() as connection:
            rows = connection.execute(query.limit(self.size).with_for_update(skip_locked=True)).all()
            _write_sealed(connection, column, [(row[0], bytes(row[1]), bytes(row[2])) for row in rows], {}, self.ring)
        return len(rows)

    def _seal_octets(self, column: sa.Column[Any]) -> None:
        """Seal the octets of a column by the newest algorithm, some rows at a time."""
        after: Sequence[Any] | None = ()
        while after is not None:
            with self.engine.begin() as connection:
                after = seal_some_octets(connection, column, self.ring, after)


def seal_some_octets(
    connection: sa.Connection, column: sa.Column[Any], ring: Keyring, after: Sequence[Any]
) -> Sequence[Any] | None:
    """Seal the octets of some rows anew, in the caller's transaction. What no key opens stays as it is: `suxin doctor`
    counts it. after: the primary key of the row before; empty at first. Returns that of the last row, None at the end.
    """
    table, key, places = column.table, column.table.primary_key.columns, list_places(column)
    query = sa.select(*key, *(table.c[name] for name in places), column).where(is_former(column)).order_by(*key)
    if after:
        query = query.where(sa.tuple_(*key) > sa.tuple_(*after))
    rows = connection.execute(query.limit(OCTETS_BATCH).with_for_update(skip_locked=True)).all()
    for row in rows:
        bound = bind(column, **dict(zip(places, row[len(key) :], strict=False)))
        with suppress(InvalidTag, KeyringError):
            anew = ring.seal_octets(ring.open_octets(bytes(row[-1]), bound), bound)
            here = sa.and_(*(one == value for one, value in zip(key, row, strict=False)))
            connection.execute(sa.update(table).where(here).values({column.name: anew}))
    return tuple(rows[-1][: len(key)]) if rows else None


def change_some(connection: sa.Connection, ring: Keyring, after: bytes, most: int) -> Sequence[bytes]:
    """Change some subjects, by their order on the list, in the caller's transaction. Returns their earlier hashes."""
    connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_MILLISECONDS}ms'"))
    found = [bytes(one) for one in connection.scalars(NEXT, {"after": after, "most": most})]
    pairs = {one: ring.renew(one) for one in found}
    if pairs:
        for column in (*list_changed(), *list_changed(of_copies=True)):
            if SEALED in column.info:
                _change_sealed(connection, column, pairs, ring)
            else:
                _change_column(connection, column, pairs)
        values = {"earlier": list(pairs), "newest": list(pairs.values())}
        connection.execute(NAMED, values)
        connection.execute(sa.delete(EarlierForm).where(EarlierForm.earlier.in_(found)))
    return found


def _change_column(connection: sa.Connection, column: sa.Column[Any], pairs: Mapping[bytes, bytes]) -> None:
    """Write the newest hashes of subjects. Notices are append-only for all others."""
    table, name = column.table, _quote(connection, column)
    values = {"earlier": list(pairs), "newest": list(pairs.values())}
    change = f"UPDATE {table} SET {name} = pair.newest FROM {PAIRS} WHERE {table}.{name} = pair.earlier"  # noqa: S608
    if column.table.name not in COPIED:
        connection.execute(sa.text(change), values)
    elif connection.scalar(sa.select(column).where(column.in_(list(pairs))).limit(1)) is not None:
        connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER append_only"))
        connection.execute(sa.text(change), values)
        connection.execute(sa.text(f"ALTER TABLE {table} ENABLE TRIGGER append_only"))


def _change_sealed(
    connection: sa.Connection, column: sa.Column[Any], pairs: Mapping[bytes, bytes], ring: Keyring
) -> None:
    """Write the newest hashes, and what is sealed to them."""
    sealed = column.table.c[column.info[SEALED]]
    query = sa.select(sa.literal_column("ctid::text"), column, sealed).where(column.in_(list(pairs)))
    rows = connection.execute(query.with_for_update()).all()
    _write_sealed(connection, column, [(row[0], bytes(row[1]), bytes(row[2])) for row in rows], pairs, ring)


def _write_sealed(
    connection: sa.Connection,
    column: sa.Column[Any],
    rows: Sequence[tuple[str, bytes, bytes]],
    pairs: Mapping[bytes, bytes],
    ring: Keyring,
) -> None:
    """Write rows that are locked: their place, hash and sealed number. pairs: the new hashes; others stay."""
    if not rows:
        return
    new = [(place, pairs.get(index, index), _seal_anew(sealed, index, ring)) for place, index, sealed in rows]
    table, name, sealing = column.table, _quote(connection, column), column.info[SEALED]
    change = (
        f"UPDATE {table} SET {name} = new.hash, {sealing} = new.sealed"  # noqa: S608 - names of the models
        " FROM unnest(CAST(:places AS tid[]), CAST(:hashes AS bytea[]), CAST(:sealed AS bytea[]))"
        f" AS new (place, hash, sealed) WHERE {table}.ctid = new.place"
    )
    values = dict(zip(("places", "hashes", "sealed"), map(list, zip(*new, strict=True)), strict=True))
    connection.execute(sa.text(change), values)


def _seal_anew(sealed: bytes, index: bytes, ring: Keyring) -> bytes:
    """Return what is sealed in the newest format. It stays right for a row whose hash is changed."""
    return sealed if ring.is_sealed_anew(sealed) else ring.seal(ring.open(sealed, index), index)


def _quote(connection: sa.Connection, column: sa.Column[Any]) -> str:
    return connection.dialect.identifier_preparer.quote(column.name)
