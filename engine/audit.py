"""The access log interface. The service defines how entries are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from engine.declare.facts import Facts
from engine.declare.sql import SQL
from engine.load.caller import AnyView


@dataclass(frozen=True)
class AnswerKind:
    """The part of an entry that all answers to a root field of an operation share.

    operation: what `Audit.identify` makes of the document. types: the types in the answer.
    """

    operation: bytes
    field: str
    types: tuple[str, ...]


class Audit(Protocol):
    """An access log in the same database. An answer and its entries are committed together.

    table: the mapped class of its rows. told: names and types of the values that answers supply; `subject` and `result`
    are required. given, empty: values of `result` for an answer with rows and for one without. facts: None if standbys
    answer nothing.
    """

    table: Any

    @property
    def facts(self) -> Facts | None:
        """The facts of answers."""

    def __hash__(self) -> int:
        """Return the hash by which statements of this log are cached."""

    told: Mapping[str, TypeEngine[Any]]
    given: str
    empty: str

    def identify(self, document: str) -> bytes:
        """Return the identifier of a document in entries. document: without literals and comments."""

    def select_rows(self, told: sa.FromClause, kind: AnswerKind, audience: SQL, *, declares: bool) -> sa.Select[Any]:
        """Select the rows to insert for an answer, under the names of their columns. The insertion must fail with 23502
        if `kind` was not declared.

        told: a row for each entry, possibly none. It has `result`, and the other columns of `self.told` that may be
        other than NULL. declares: whether the same statement declares the kind.
        """

    def build_declaration(self, kind: AnswerKind) -> sa.Insert | None:
        """Return a repeatable statement to execute before the first answer of a kind, or None."""

    def parameters(self, view: AnyView) -> Mapping[str, Any]:
        """Return the bind values of insertions that the view does not supply."""

    def audience_name(self, audience: Any) -> str:
        """Return the name of an audience in entries."""


def build_insertion(audit: Audit, rows: sa.Select[Any]) -> sa.Insert:
    """Return the statement that inserts the rows of `Audit.select_rows`."""
    return sa.insert(audit.table).from_select([column.name for column in rows.selected_columns], rows)


@lru_cache(1024)
def build_array_insertion(audit: Audit, kind: AnswerKind, audience: str) -> sa.Insert:
    """Return the statement that declares a kind and inserts entries from an array for each name in `Audit.told`. It is
    cached: building it takes longer than running it."""
    arrays = (sa.bindparam(f"told_{name}", type_=sa.ARRAY(type_)) for name, type_ in audit.told.items())
    columns = (sa.column(name, type_) for name, type_ in audit.told.items())
    told = sa.func.unnest(*arrays).table_valued(*columns, name="told").render_derived()
    rows = audit.select_rows(told, kind, sa.literal(audience, sa.Text), declares=True)
    return declare_with(audit, build_insertion(audit, rows), kind)


def declare_with(audit: Audit, insertion: sa.Insert, kind: AnswerKind) -> sa.Insert:
    """Return an insertion that declares the kind of its rows."""
    declaration = audit.build_declaration(kind)
    return insertion if declaration is None else insertion.add_cte(declaration.cte("declared"))


def collect_arrays(audit: Audit, entries: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the bind values of `build_array_insertion`."""
    return {f"told_{name}": [entry[name] for entry in entries] for name in audit.told}
