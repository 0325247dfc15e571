"""What the access log is told of each answer; what its entries look like is the service's own."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from engine.declare.sql import SQL
from engine.load.caller import AnyView


class Audit(Protocol):
    """An access log in a table of the database that is read. Each answer is committed with its entries.

    told: names and types of what rows tell of an entry; `subject` and `result` are always among them. given, empty:
    results of an entry for what was answered, and for an answer without rows.
    """

    told: Mapping[str, TypeEngine[Any]]
    given: str
    empty: str

    @property
    def table(self) -> sa.Table:
        """Where entries go."""

    def columns(self, field: SQL, types: SQL, audience: SQL, told: Mapping[str, SQL]) -> dict[str, SQL]:
        """The columns of an entry: of a root field, the types in its answer, the audience, and what rows tell."""

    def parameters(self, view: AnyView, operation: bytes) -> Mapping[str, Any]:
        """The values that `columns` binds beside the view's own. operation: SHA-256 of the document's text."""

    def audience_name(self, audience: Any) -> str:
        """What an entry calls an audience."""


def build_insertion(audit: Audit) -> sa.Insert:
    """The statement that writes one entry from bind parameters (`engine.load.trail`)."""
    told: dict[str, SQL] = {name: sa.bindparam(f"told_{name}", type_=type_) for name, type_ in audit.told.items()}
    field, audience = sa.bindparam("log_field", type_=sa.Text), sa.bindparam("log_audience", type_=sa.Text)
    columns = audit.columns(field, sa.bindparam("log_types", type_=sa.ARRAY(sa.Text)), audience, told)
    return sa.insert(audit.table).from_select(list(columns), sa.select(*columns.values()))


def collect_entry_values(
    view: AnyView, audit: Audit, operation: bytes, field: str, types: Sequence[str]
) -> dict[str, Any]:
    """The values of `build_insertion` that an answer gives to each of its entries."""
    return {
        **view.parameters(),
        **audit.parameters(view, operation),
        "log_field": field,
        "log_types": list(types),
        "log_audience": audit.audience_name(view.audience),
    }
