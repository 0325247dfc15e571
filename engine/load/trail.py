"""The access log of one request (R19): one entry for each party that an answer tells of.

`entry_columns` says once what an entry is made of. The loaders gather entries here and write them before the answer
leaves; a plan writes them in the statement of the answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.declare.sql import SQL
from engine.load.rows import Answer, Row
from engine.load.view import CLIENT, NOW, PURPOSE, REQUEST, View
from models.access_record import AccessRecord, AccessResult
from models.party import Identity

TOLD: Mapping[str, Any] = {
    "party_id": sa.BigInteger(),
    "index": sa.LargeBinary(),
    "result": sa.Text(),
    "consent": sa.BigInteger(),
    "share_code": sa.BigInteger(),
    "reference": sa.Text(),
    "relation": sa.Text(),
}
"""What rows tell of an entry; the rest of it is of the request and of its root field."""

OPERATION = sa.bindparam("log_operation", type_=sa.LargeBinary)
OPERATOR = sa.bindparam("log_operator", type_=sa.Text)
BRANCH = sa.bindparam("log_branch", type_=sa.Text)


def entry_columns(field: SQL, types: SQL, audience: SQL, told: Mapping[str, SQL]) -> dict[str, SQL]:
    """The columns of an entry. A known party's keyed hash comes from its identity, so that the party can find it."""
    known = sa.select(Identity.index).where(Identity.party_id == told["party_id"], Identity.main).scalar_subquery()
    return {
        "at": NOW,
        "request_id": REQUEST,
        "client_key": CLIENT,
        "audience": audience,
        "operator": OPERATOR,
        "branch": BRANCH,
        "reference": told["reference"],
        "relation": told["relation"],
        "purpose": PURPOSE,
        "consent_id": told["consent"],
        "share_code_id": told["share_code"],
        "party_id": told["party_id"],
        "subject_index": sa.func.coalesce(told["index"], known),
        "operation": OPERATION,
        "field": field,
        "types": types,
        "result": told["result"],
    }


def log_parameters(view: View, operation: bytes) -> dict[str, Any]:
    """The values that `entry_columns` binds beside the view's own."""
    return {"log_operation": operation, "log_operator": view.access.operator, "log_branch": view.access.branch}


@dataclass
class Trail:
    """Entries to be written, in the order of the answer: each with what it tells."""

    entries: list[tuple[Answer, dict[str, Any]]] = field(default_factory=list)

    def note(self, answer: Answer, rows: Sequence[Row], about: Iterable[str], *, beyond: bool = False) -> None:
        """Note the rows of a root field: an entry for each party of each row, or one that says there were none.

        `about` names the parts that the root declares (`declarations.About`). `beyond`: the page began after a cursor,
        so that its emptiness says nothing of what was counted.
        """
        parts = list(about)
        if not rows:
            self.enter(answer, result=AccessResult.GIVEN if beyond else AccessResult.EMPTY)
        elif not {"party_id", "parties"} & set(parts):
            self.enter(answer)
        else:
            for told in (told for row in rows for told in _told(row, parts)):
                self.enter(answer, **told)

    def meet(self, answer: Answer, rows: Iterable[Row]) -> None:
        """Note the parties of rows that an edge led to, where the answer was not known to be about them."""
        for party in dict.fromkeys(row.party for row in rows if row.party not in {None, *answer.known}):
            self.enter(answer, party_id=party)

    def enter(self, answer: Answer, **told: Any) -> None:
        """Note one entry; `told` names some of TOLD."""
        entry = dict.fromkeys(TOLD) | {"result": AccessResult.GIVEN} | told
        self.entries.append((answer, entry))
        answer.known.add(entry["party_id"])

    async def write(self, connection: AsyncConnection, operation: bytes, types: Mapping[str, Sequence[str]]) -> None:
        """Write the entries in the transaction of the answer. If this fails, so does the request."""
        rows = [
            {
                **answer.view.parameters(),
                **log_parameters(answer.view, operation),
                "log_field": answer.field,
                "log_types": list(types.get(answer.field, ())),
                "log_audience": answer.view.audience.value,
                **{f"told_{name}": value for name, value in told.items()},
            }
            for answer, told in self.entries
        ]
        if rows:
            await connection.execute(INSERT, rows)


def _told(row: Row, parts: Iterable[str]) -> Iterable[dict[str, Any]]:
    """What a row tells of each party that it is about, or of nobody known."""
    told = {part: getattr(row, f"_about_{part}") for part in parts}
    if "party_id" in told:
        return [told]
    return [told | {"party_id": party} for party in told.pop("parties") or [None]]


def _insert() -> sa.Insert:
    """The statement of one entry."""
    told: dict[str, SQL] = {name: sa.bindparam(f"told_{name}", type_=type_) for name, type_ in TOLD.items()}
    field, audience = sa.bindparam("log_field", type_=sa.Text), sa.bindparam("log_audience", type_=sa.Text)
    columns = entry_columns(field, sa.bindparam("log_types", type_=sa.ARRAY(sa.Text)), audience, told)
    return sa.insert(AccessRecord).from_select(list(columns), sa.select(*columns.values()))


INSERT = _insert()
