"""The access log: what it is told of each answer. How its entries look is the service's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from engine.declare.sql import SQL
from engine.load.caller import AnyView


@dataclass(frozen=True)
class AnswerKind:
    """What the answers to one root field of one operation have in common.

    operation: SHA-256 of the document's text. types: of the objects in the answer.
    """

    operation: bytes
    field: str
    types: tuple[str, ...]


class Audit(Protocol):
    """An access log in the database that is read. Each answer is committed with its entries.

    told: names and types of what an entry may be told of a subject; `subject` and `result` are always among them.
    given, empty: results of an entry for what was answered, and for an answer without rows.
    """

    told: Mapping[str, TypeEngine[Any]]
    given: str
    empty: str

    def insertion(self, told: sa.FromClause, kind: AnswerKind, audience: SQL) -> sa.Insert:
        """The statement that writes the entries of an answer.

        told: a row for each entry, perhaps none, with those columns of `self.told` that may say anything.
        """

    def declaration(self, kind: AnswerKind) -> sa.Insert | None:
        """The statement that comes before the first answer of a kind; None if there is none. It may be run again."""

    def parameters(self, view: AnyView) -> Mapping[str, Any]:
        """The values that `insertion` binds beside the view's own."""

    def audience_name(self, audience: Any) -> str:
        """The name of an audience in an entry."""


def insertion_of(audit: Audit, kind: AnswerKind, audience: str) -> sa.Insert:
    """The insertion of entries that arrive as one array for each name in `Audit.told` (`engine.load.trail`).

    It declares their kind as well.
    """
    arrays = (sa.bindparam(f"told_{name}", type_=sa.ARRAY(type_)) for name, type_ in audit.told.items())
    columns = (sa.column(name, type_) for name, type_ in audit.told.items())
    told = sa.func.unnest(*arrays).table_valued(*columns, name="told").render_derived()
    insertion, declaration = audit.insertion(told, kind, sa.literal(audience, sa.Text)), audit.declaration(kind)
    return insertion if declaration is None else insertion.add_cte(declaration.cte("declared"))


def told_values(audit: Audit, entries: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The arrays of `insertion_of`."""
    return {f"told_{name}": [entry[name] for entry in entries] for name in audit.told}
