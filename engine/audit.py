"""The access log interface. The service defines the columns of an entry."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from engine.declare.sql import SQL
from engine.load.caller import AnyView


class Audit(Protocol):
    """An access log in a table of the same database. An answer and its entries are committed together.

    told: names and types of the values that rows supply; `subject` and `result` are required. given, empty: values of
    `result` for an answer with rows and for one without.
    """

    told: Mapping[str, TypeEngine[Any]]
    given: str
    empty: str

    @property
    def table(self) -> sa.Table:
        """The table of the entries."""

    def columns(self, field: SQL, types: SQL, audience: SQL, told: Mapping[str, SQL]) -> dict[str, SQL]:
        """Return the columns of an entry. types: the types in the answer. told: the values that rows supply."""

    def parameters(self, view: AnyView, operation: bytes) -> Mapping[str, Any]:
        """Return the bind values of `columns` that the view does not supply. operation: SHA-256 of the document."""

    def audience_name(self, audience: Any) -> str:
        """Return the name of an audience in entries."""


def build_insertion(audit: Audit) -> sa.Insert:
    """Return the statement that inserts one entry from bind parameters (`engine.load.trail`)."""
    told: dict[str, SQL] = {name: sa.bindparam(f"told_{name}", type_=type_) for name, type_ in audit.told.items()}
    field, audience = sa.bindparam("log_field", type_=sa.Text), sa.bindparam("log_audience", type_=sa.Text)
    columns = audit.columns(field, sa.bindparam("log_types", type_=sa.ARRAY(sa.Text)), audience, told)
    return sa.insert(audit.table).from_select(list(columns), sa.select(*columns.values()))


def collect_entry_values(
    view: AnyView, audit: Audit, operation: bytes, field: str, types: Sequence[str]
) -> dict[str, Any]:
    """Return the bind values of `build_insertion` that all entries of an answer share."""
    return {
        **view.parameters(),
        **audit.parameters(view, operation),
        "log_field": field,
        "log_types": list(types),
        "log_audience": audit.audience_name(view.audience),
    }
