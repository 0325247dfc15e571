"""What somebody with the superuser's password may do to the logs, at random. Triggers do not fire."""

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import sqlalchemy as sa
from emptying import AS_SUPERUSER
from sqlalchemy.ext.asyncio import AsyncConnection

from models.transparency.entries import AnswerLeaf, select_recorded
from models.transparency.merkle import Frontier, hash_leaf

Tampering = Callable[["Intruder"], Awaitable[str]]
# ruff: noqa: S608 - statements are made of names of tables and columns of this module
VALUES: Mapping[str, str] = {
    "id": "id + 1000000", "at": "at + interval '1 microsecond'", "client_key": "client_key + 1",
    "request_id": "gen_random_uuid()", "audience": "'AUDITOR'", "operator": "coalesce(operator, '') || 'x'",
    "branch": "coalesce(branch, '') || 'x'", "purpose": "'SUPERVISION'", "shape_id": "shape_id + 1",
    "subjects": "subjects + 1", "results": "ARRAY['NOT_FOUND']", "parties": "array_append(parties, 99)",
    "indexes": "ARRAY['\\x99'::bytea]", "consents": "ARRAY[77]", "share_codes": "ARRAY[78]", "refs": "ARRAY['forged']",
    "relations": "ARRAY['GUARANTOR']", "salt": "gen_random_uuid()", "xid": "'3'", "epoch": "epoch + 1",
}  # fmt: skip
"""Another value of each column of `access_answer`."""

LATE_FROM = 300
"""The first entry of the last five minutes."""

APART = 10**9
"""A number that no entry has."""

LOGS = ("access_answer", "log_leaf", "log_node", "log_checkpoint")
LEAVES = sa.text("SELECT index, entry FROM log_leaf ORDER BY index")


class Intruder:
    """Tampers with one database. size: the number of entries. chance: what is chosen."""

    def __init__(self, connection: AsyncConnection, size: int, chance: random.Random) -> None:
        self.connection, self.size, self.chance = connection, size, chance

    async def run(self, statement: str, **values: Any) -> Any:
        """Execute a statement."""
        return await self.connection.execute(sa.text(statement), values)

    def choose(self) -> int:
        """Return the index of an entry."""
        return self.chance.randrange(self.size)

    async def find(self, index: int) -> dict[str, Any]:
        """Return the key of the answer of an entry."""
        row = await self.run("SELECT at, answer_id AS id, client_key FROM log_leaf WHERE index = :index", index=index)
        return dict(row.mappings().one())

    async def write_anew(self, index: int) -> None:
        """Make leaf, nodes and root say what the changed answer says. Only the signature cannot be made."""
        key = await self.find(index)
        where = sa.text("access_answer.at = :at AND access_answer.id = :id AND access_answer.client_key = :client_key")
        row = (await self.connection.execute(select_recorded().where(where), key)).mappings().one()
        entry = AnswerLeaf(row).encode()
        await self.run("UPDATE log_leaf SET entry = :entry WHERE index = :index", entry=entry, index=index)
        await self.write_tree()

    async def write_tree(self) -> None:
        """Compute nodes and the root of the newest checkpoint from the leaves."""
        tree = Frontier()
        for leaf in await self.connection.execute(LEAVES):
            completed = tree.append(hash_leaf(leaf.entry))
            if len(completed) > 8:
                node = {"index": (tree.size >> 8) - 1, "hash": completed[8]}
                await self.run("UPDATE log_node SET hash = :hash WHERE level = 1 AND index = :index", **node)
        await self.run(
            "UPDATE log_checkpoint SET root = :root WHERE size = :size", root=tree.compute_root(), size=tree.size
        )


async def update(intruder: Intruder) -> str:
    """Change one column of an answer, perhaps with its leaf and the tree."""
    key, column = await intruder.find(index := intruder.choose()), intruder.chance.choice(list(VALUES))
    change = f"UPDATE access_answer SET {column} = {VALUES[column]}"
    await intruder.run(f"{change} WHERE at = :at AND id = :id AND client_key = :client_key", **key)
    forged = column not in {"id", "at", "client_key"} and intruder.chance.random() < 0.5
    if forged:
        await intruder.write_anew(index)
    return f"update {column}{' and the tree' if forged else ''}"


async def update_shape(intruder: Intruder) -> str:
    """Change what answers have in common, or whose they are."""
    change = intruder.chance.choice([
        "UPDATE access_shape SET field = 'other'", "UPDATE access_shape SET types = ARRAY['Other']",
        "UPDATE access_shape SET operation = '\\x99'", "DELETE FROM access_shape",
        "UPDATE client SET client_id = 'other-bank'",
    ])  # fmt: skip
    await intruder.run(change)
    return change


async def delete(intruder: Intruder) -> str:
    """Delete an answer, perhaps with its leaf."""
    key = await intruder.find(index := intruder.choose())
    await intruder.run("DELETE FROM access_answer WHERE at = :at AND id = :id AND client_key = :client_key", **key)
    if intruder.chance.random() < 0.5:
        return "delete an answer"
    await intruder.run("DELETE FROM log_leaf WHERE index = :index", index=index)
    if intruder.chance.random() < 0.5:
        return "delete an answer and its leaf"
    await intruder.run("UPDATE log_leaf SET index = index + :apart WHERE index > :index", index=index, apart=APART)
    await intruder.run("UPDATE log_leaf SET index = index - :apart - 1 WHERE index > :apart", apart=APART)
    await intruder.run("DELETE FROM log_checkpoint WHERE size < :size", size=intruder.size)
    await intruder.run("UPDATE log_checkpoint SET size = size - 1")
    await intruder.write_tree()
    return "delete an answer and its leaf, and close the gap"


COPIED = """
    INSERT INTO access_answer (at, client_key, request_id, audience, purpose, shape_id, subjects, results, parties, xid)
    SELECT at, client_key, gen_random_uuid(), audience, purpose, shape_id, 1, results[1:1], ARRAY[99::bigint], {}
    FROM access_answer WHERE at = :at AND id = :id AND client_key = :client_key
    RETURNING at, id AS answer_id, client_key
"""


async def insert(intruder: Intruder) -> str:
    """Insert an answer beside another one, as if it had been committed then, or as a late one; perhaps with a leaf.

    A late one is more than five minutes older than the newest entry: a younger one is an answer that is not logged yet.
    """
    xid = intruder.chance.choice(["xid", "pg_current_xact_id()"])
    key = await intruder.find(intruder.choose() if xid == "xid" else intruder.chance.randrange(LATE_FROM))
    made = (await intruder.run(COPIED.format(xid), **key)).mappings().one()
    if intruder.chance.random() < 0.5:
        return f"insert an answer with {xid}"
    leaf = "INSERT INTO log_leaf SELECT :index, :at, :answer_id, :client_key, entry FROM log_leaf WHERE index = 0"
    await intruder.run(leaf, index=intruder.size, **made)
    await intruder.write_anew(intruder.size)
    return f"insert an answer with {xid} and a leaf"


async def swap(intruder: Intruder) -> str:
    """Exchange two answers, or two leaves."""
    first, second = intruder.chance.sample(range(intruder.size), 2)
    if intruder.chance.random() < 0.5:
        for old, new in ((first, APART), (second, first), (APART, second)):
            await intruder.run("UPDATE log_leaf SET index = :new WHERE index = :old", old=old, new=new)
        if intruder.chance.random() < 0.5:
            await intruder.write_tree()
        return "swap two leaves"
    one, other = await intruder.find(first), await intruder.find(second)
    apart = one | {"id": APART}
    for key, new_key in ((one, apart), (other, one), (apart, other)):
        await intruder.run(
            "UPDATE access_answer SET at = :at, id = :id, client_key = :client_key"
            " WHERE at = :old_at AND id = :old_id AND client_key = :old_client_key",
            **new_key,
            **{f"old_{name}": value for name, value in key.items()},
        )
    return "swap two answers"


async def truncate(intruder: Intruder) -> str:
    """Empty one of the tables, or all."""
    tables = intruder.chance.choice([*LOGS, ", ".join(LOGS), "log_leaf, log_node, log_checkpoint"])
    await intruder.run(f"TRUNCATE {tables}")
    return f"truncate {tables}"


async def cut(intruder: Intruder) -> str:
    """Remove the last entries with everything that belongs to them, back to a checkpoint that was signed."""
    sizes = (
        (await intruder.run("SELECT size FROM log_checkpoint WHERE size < :size", size=intruder.size)).scalars().all()
    )
    size = intruder.chance.choice(sizes)
    await intruder.run(
        "DELETE FROM access_answer USING log_leaf AS leaf WHERE leaf.index >= :size AND leaf.at = access_answer.at"
        " AND leaf.answer_id = access_answer.id",
        size=size,
    )
    await intruder.run("DELETE FROM log_leaf WHERE index >= :size", size=size)
    await intruder.run("DELETE FROM log_node WHERE (index + 1) * 256 > :size", size=size)
    await intruder.run("DELETE FROM log_checkpoint WHERE size > :size", size=size)
    return f"cut to {size} entries"


async def replay(intruder: Intruder) -> str:
    """Restore an old backup, of all tables or of some."""
    tables = intruder.chance.choice([LOGS, LOGS[:1], LOGS[1:], LOGS[1:2]])
    for table in tables:
        await intruder.run(f"DELETE FROM {table}")
        await intruder.run(f"INSERT INTO {table} SELECT * FROM old_{table}")
    return f"replay a backup of {', '.join(tables)}"


TAMPERINGS: tuple[Tampering, ...] = (update, update, update_shape, delete, insert, swap, truncate, cut, replay)


async def tamper(connection: AsyncConnection, size: int, chance: random.Random) -> str:
    """Tamper once. Returns what was done."""
    await connection.execute(AS_SUPERUSER)
    return await chance.choice(TAMPERINGS)(Intruder(connection, size, chance))
