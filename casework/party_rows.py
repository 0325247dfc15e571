"""Moves of rows from one party to another one (R22)."""

from collections.abc import Collection, Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.base import Base
from postgres.locks import HOLD, Lock

STAYING = frozenset(
    {"code_period", "code_record_version", "event", "identity", "identity_act", "identity_conflict"}
    | {"party", "party_name", "record_step"}
)
"""Tables whose rows do not move: events, logs and steps are never changed; identities and names move separately."""

OWN_WORDS = frozenset({"identity_claim"})
"""Tables whose rows a subject itself has written: they are its own, whosever what they speak of becomes."""

LOCK_PARTIES = sa.text("SELECT id FROM party WHERE id = ANY(:keys) ORDER BY id FOR UPDATE")


def list_party_columns() -> Iterator[tuple[sa.Table, str]]:
    """Yield the columns whose rows move with their party, referenced tables first."""
    for table in Base.metadata.sorted_tables:
        if table.name not in STAYING:
            for column in table.columns:
                if any(key.target_fullname == "party.id" for key in column.foreign_keys):
                    yield table, column.name


async def lock_for_moving(connection: AsyncConnection, party_keys: Collection[int]) -> None:
    """Wait for running imports and for other writers of these parties, and lock both out."""
    for lock in (Lock.ESTABLISHING, Lock.RECORDING):  # the lock order of imports
        await connection.execute(HOLD, {"lock": lock})
    await connection.execute(LOCK_PARTIES, {"keys": sorted(party_keys)})


async def move_rows(
    connection: AsyncConnection, source: int, target: int, chosen: Mapping[str, Collection[int]] | None = None
) -> None:
    """Move the rows of one party to another one: all, or the `chosen` keys by table, with the rows that rest on them.

    A row that would conflict with a row of the other party stays.
    """
    for table, column in list_party_columns():
        bound: dict[str, object] = {"source": source, "target": target}
        rests = [] if table.name in OWN_WORDS else list(_basis(table))
        where = [f"{column} = :source", *(f"NOT ({same})" for same in _same(table, column))]
        if chosen is None:
            where += [f"NOT ({basis} = :source)" for basis in rests]
        else:
            bound["keys"] = sorted(chosen.get(table.name, ()))
            where.append(" OR ".join(["id = ANY(:keys)", *(f"{basis} = :target" for basis in rests)]))
        conditions = " AND ".join(f"coalesce(({one}), false)" for one in where)
        moved = sa.text(f"UPDATE {table.name} SET {column} = :target WHERE {conditions}")  # noqa: S608 - own names
        await connection.execute(moved, bound)


def _basis(table: sa.Table) -> Iterator[str]:
    """Yield the party of each row of another table that a row rests on."""
    for column in table.columns:
        for key in column.foreign_keys:
            other = key.column.table
            if other is not table and other.name not in STAYING and "party_id" in other.columns:
                party = f"SELECT o.party_id FROM {other.name} o WHERE o.id = {table.name}.{column.name}"  # noqa: S608
                yield f"coalesce(({party}), 0)"


def _same(table: sa.Table, column: str) -> Iterator[str]:
    """Yield conditions under which the other party has a row that conflicts with this one."""
    for others, where in _unique_keys(table, column):
        theirs = f"FROM {table.name} WHERE {column} = :target AND ({where})"
        found = (
            f"({', '.join(others)}) IN (SELECT {', '.join(others)} {theirs})" if others else f"EXISTS (SELECT {theirs})"
        )
        yield f"coalesce(({where}) AND {found}, false)"
    if table.name == "relation":
        yield "organization_id = :target" if column == "party_id" else "party_id = :target"


def _unique_keys(table: sa.Table, column: str) -> Iterator[tuple[list[str], str]]:
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint) and column in constraint.columns:
            yield [one.name for one in constraint.columns if one.name != column], "true"
    for index in table.indexes:
        names = [getattr(one, "name", None) or str(one) for one in index.expressions]
        if index.unique and column in names:
            where = index.dialect_options["postgresql"]["where"]
            yield [name for name in names if name != column], "true" if where is None else str(where)
