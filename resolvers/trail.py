"""The access log of one request (R19): gathered while answering, written before the answer leaves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.access_record import AccessRecord, AccessResult
from models.party import Identity
from resolvers.rows import Row
from resolvers.view import View


@dataclass
class Trail:
    """Entries to be written, in the order of the answer."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    known: set[tuple[str, int]] = field(default_factory=set)

    def note(self, root: str, rows: Sequence[Row], about: Iterable[str], view: View, *, beyond: bool = False) -> None:
        """Note an answer of the root field `root`: an entry for each party of each row, or one that says it was empty.

        `about` names the parts that the root declares (`declarations.About`). `beyond`: the page began after a cursor,
        so that its emptiness says nothing of what was counted.
        """
        parts = list(about)
        if not rows:
            self.entries.append(entry(root, view, result=AccessResult.GIVEN if beyond else AccessResult.EMPTY))
        elif "parties" not in parts:
            self.entries.append(entry(root, view))
        else:
            told = [told for row in rows for told in _told(row, parts)]
            self.entries.extend(entry(root, view, **parts) for parts in told)
            self.known |= {(root, parts["party_id"]) for parts in told}

    def meet(self, root: str, rows: Iterable[Row], view: View) -> None:
        """Note the parties of rows that an edge led to, where the answer was not known to be about them."""
        met = {(root, row.party): view for row in rows if row.party is not None}
        self.entries.extend(entry(name, view, party_id=party) for name, party in met.keys() - self.known)
        self.known |= met.keys()

    async def write(
        self, connection: AsyncConnection, request: Mapping[str, Any], types: Mapping[str, Sequence[str]]
    ) -> None:
        """Write the entries in the transaction of the answer. If this fails, so does the request."""
        rows = [{**entry, **request, "types": list(types.get(entry["field"], ()))} for entry in self.entries]
        if rows:
            await connection.execute(INSERT, rows)


def _told(row: Row, parts: Iterable[str]) -> Iterable[dict[str, Any]]:
    """What a row tells of each party that it is about, or of nobody known."""
    told = {part: getattr(row, f"_about_{part}") for part in parts}
    parties = told.pop("parties") or [None]
    return [told | {"party_id": party} for party in parties]


def entry(root: str, view: View, **told: Any) -> dict[str, Any]:
    """One entry: what the row tells, over what the view says of the caller."""
    blank = {"party_id": None, "index": None, "consent": None, "share_code": None}
    blank |= {"reference": None, "relation": None}
    return (
        blank
        | {
            "field": root,
            "at": view.now,
            "client_key": view.principal.client_key,
            "audience": view.audience.value,
            "purpose": view.access.purpose.value,
            "operator": view.access.operator,
            "branch": view.access.branch,
            "result": AccessResult.GIVEN,
        }
        | told
    )


def _insert() -> sa.Insert:
    """The statement of one entry; the keyed hash of a known party comes from its identity, so that it can find it."""
    table = AccessRecord.__table__
    party = sa.bindparam("party_id", type_=sa.BigInteger)
    known = sa.select(Identity.index).where(Identity.party_id == party).scalar_subquery()
    values: dict[str, sa.ColumnElement[Any]] = {
        column.name: sa.bindparam(column.name, type_=column.type) for column in table.columns if column.name != "id"
    }
    values |= {
        "subject_index": sa.func.coalesce(sa.bindparam("index", type_=sa.LargeBinary), known),
        "consent_id": sa.bindparam("consent", type_=sa.BigInteger),
        "share_code_id": sa.bindparam("share_code", type_=sa.BigInteger),
    }
    return sa.insert(AccessRecord).from_select(list(values), sa.select(*values.values()))


INSERT = _insert()
