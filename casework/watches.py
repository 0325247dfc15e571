"""Watches: clients order and end notifications of changes of their customers (DOMAIN 4, R15, R17).

Each subject of an order is a line with its own outcome.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.consent import MONITORS, is_live_consent
from auth.scopes import Scope
from casework.clients import lock_client
from casework.refusal import Refusal
from languages.sentence import say
from models.consent import Consent
from models.names import fold
from models.party import Identity, Party, PartyKind
from models.party_name import is_known_as
from models.watch import Watch, WatchLine, WatchOrder, WatchOutcome

MOST_LINES = 500
"""Subjects of one order."""


Misnamed = Collection[tuple[bytes, str, PartyKind]]
"""Keyed hashes, folded names and kinds of subjects that the courts know by other names."""


@dataclass(frozen=True)
class Customer:
    """A subject to be watched. index: keyed hash of its number; None for an invalid number."""

    index: bytes | None
    kind: PartyKind
    name: str
    reference: str

    @property
    def folded(self) -> str:
        """The folded name (R21)."""
        return fold(self.name)


async def watch(connection: AsyncConnection, client_key: int, customers: Sequence[Customer], at: datetime) -> int:
    """Watch subjects from now on. Return the order's key.

    A subject that is watched already gets the new reference; its line holds the former one. Raises Refusal BAD_EXTENT.
    """
    _check_extent(customers, "subjects")
    await lock_client(connection, client_key)
    outcomes = await _judge(connection, client_key, customers, at)
    judged = list(zip(customers, outcomes, strict=True))
    wanted = {one.index: one for one, outcome in judged if one.index and outcome is WatchOutcome.WATCHED}
    former = await _references(connection, client_key, wanted)
    watches = await _open(connection, client_key, wanted, at)
    lines = [_line(one, outcome, watches, former) for one, outcome in judged]
    return await _write_order(connection, client_key, lines, at)


async def unwatch(connection: AsyncConnection, client_key: int, references: Sequence[str], at: datetime) -> int:
    """End the client's watches with these references. Return the order's key. Raises Refusal BAD_EXTENT."""
    _check_extent(references, "references")
    await lock_client(connection, client_key)
    mine = (Watch.client_key == client_key, Watch.reference.in_(references), Watch.ended_at.is_(None))
    ended = sa.update(Watch).where(*mine).values(ended_at=at, name=None, folded=None)
    rows = await connection.execute(ended.returning(Watch.id, Watch.reference, Watch.subject_index))
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.reference, []).append(row)
    lines = []
    for reference in dict.fromkeys(references):
        blank = _blank(reference) | {"outcome": WatchOutcome.NOT_WATCHED}
        ends = [
            blank | {"subject_index": row.subject_index, "watch_id": row.id, "outcome": WatchOutcome.UNWATCHED}
            for row in found.get(reference, ())
        ]
        lines.extend(ends or [blank])
    return await _write_order(connection, client_key, lines, at)


def _check_extent(given: Sequence[Any], field: str) -> None:
    if not 1 <= len(given) <= MOST_LINES:
        raise Refusal(
            "BAD_EXTENT",
            say("One order is for 1 to {most_lines} subjects.", most_lines=MOST_LINES),
            "Send several.",
            field,
        )


async def _judge(
    connection: AsyncConnection, client_key: int, customers: Sequence[Customer], at: datetime
) -> list[WatchOutcome]:
    """Return the outcome of each line. A missing consent comes first, and a person's wrong name is not told, so that
    nothing is disclosed (R20): such a watch is never notified."""
    valid = [(one.index, one.folded) for one in customers if one.index]
    indexes, names = [index for index, _ in valid], [folded for _, folded in valid]
    now, mine = sa.literal(at, sa.DateTime(timezone=True)), sa.literal(client_key)
    consents = sa.select(Consent.subject_index).where(
        Consent.subject_index.in_(indexes), is_live_consent(Consent, mine, MONITORS, now, Scope.PERSON_CREDIT)
    )
    consenting = set((await connection.execute(consents)).scalars())
    asked = sa.func.unnest(
        sa.literal(indexes, sa.ARRAY(sa.LargeBinary)), sa.literal(names, sa.ARRAY(sa.Text))
    ).table_valued(sa.column("index", sa.LargeBinary), sa.column("folded", sa.Text), name="asked")
    asked = asked.render_derived()
    same = is_known_as(Party, asked.c.folded)
    known = sa.select(asked.c["index"], asked.c.folded, Party.kind).join(Identity, Identity.index == asked.c["index"])
    organization = (Party.kind == PartyKind.ORGANIZATION, Party.disclosed)
    others = known.join(Party, Party.id == Identity.party_id).where(*organization, ~same)
    misnamed = {(index, folded, kind) for index, folded, kind in await connection.execute(others)}
    return [_outcome(one, consenting, misnamed) for one in customers]


def _outcome(one: Customer, consenting: set[bytes], misnamed: Misnamed) -> WatchOutcome:
    """Return the outcome of a line. A person's number given as an organization's code matches nobody (R15)."""
    if one.index is None:
        return WatchOutcome.INVALID_NUMBER
    if one.kind is PartyKind.PERSON and one.index not in consenting:
        return WatchOutcome.CONSENT_REQUIRED
    if (one.index, one.folded, one.kind) in misnamed:
        return WatchOutcome.NAME_MISMATCH
    return WatchOutcome.WATCHED


async def _references(connection: AsyncConnection, client_key: int, wanted: Collection[bytes]) -> dict[bytes, str]:
    """Return the references of subjects that are watched already, by keyed hash."""
    mine = (Watch.client_key == client_key, Watch.subject_index.in_(wanted), Watch.ended_at.is_(None))
    rows = await connection.execute(sa.select(Watch.subject_index, Watch.reference).where(*mine))
    return {row.subject_index: row.reference for row in rows}


def _line(
    one: Customer, outcome: WatchOutcome, watches: Mapping[bytes, int], references: dict[bytes, str]
) -> dict[str, Any]:
    """Return the line of a customer. references: of the watched subjects, updated by each line."""
    line = _blank(one.reference) | {"outcome": outcome, "subject_index": one.index}
    if one.index is None or outcome is not WatchOutcome.WATCHED:
        return line
    former, references[one.index] = references.get(one.index), one.reference
    return line | {"watch_id": watches[one.index], "replaced": former if former != one.reference else None}


def _blank(reference: str) -> dict[str, Any]:
    """Return a line without watch and outcome."""
    return {"reference": reference, "subject_index": None, "watch_id": None, "replaced": None}


async def _open(
    connection: AsyncConnection, client_key: int, wanted: dict[bytes, Customer], at: datetime
) -> dict[bytes, int]:
    """Insert or update the open watches of subjects. Return their keys by keyed hash."""
    if not wanted:
        return {}
    rows = [
        {
            "client_key": client_key,
            "subject_index": index,
            "kind": one.kind,
            "name": one.name,
            "folded": one.folded,
            "reference": one.reference,
            "created_at": at,
        }
        for index, one in sorted(wanted.items())
    ]
    entered = insert(Watch)
    upserted = entered.on_conflict_do_update(
        index_elements=[Watch.subject_index, Watch.client_key],
        index_where=Watch.ended_at.is_(None),
        set_={name: entered.excluded[name] for name in ("reference", "name", "folded")},
    ).returning(Watch.subject_index, Watch.id)
    return {row.subject_index: row.id for row in await connection.execute(upserted, rows)}


async def _write_order(
    connection: AsyncConnection, client_key: int, lines: Sequence[dict[str, Any]], at: datetime
) -> int:
    order = sa.insert(WatchOrder).values(client_key=client_key, given_at=at).returning(WatchOrder.id)
    key: int = (await connection.execute(order)).scalar_one()
    rows = [line | {"order_id": key, "ordinal": place} for place, line in enumerate(lines, 1)]
    await connection.execute(sa.insert(WatchLine), rows)
    return key
