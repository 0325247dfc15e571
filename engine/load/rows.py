"""Rows as GraphQL reads them."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.declare.checks import DeclarationError
from engine.declare.relations import RowType
from engine.load.caller import AnyView


@dataclass(eq=False)
class RootAnswer:
    """The answer of one root field. known: the subjects that already have an entry in the access log."""

    field: str
    view: AnyView
    known: set[int | None] = dataclasses.field(default_factory=set)


class Row:
    """One row. Scalars are attributes; the keys of relations have names that begin with `_`."""

    __slots__ = ("_values", "answer", "row_type")

    def __init__(self, row_type: RowType, values: Mapping[Any, Any], answer: RootAnswer) -> None:
        self.row_type, self._values, self.answer = row_type, values, answer

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def type_name(self) -> str:
        """The GraphQL object type of the row."""
        if self.row_type.discriminator is None:
            return self.row_type.name
        return self.row_type.names[self._values[f"_{self.row_type.discriminator}"]]

    @property
    def subject_key(self) -> int | None:
        """The key of the row's subject, or None if it has no single subject."""
        found: int | None = self._values[f"_{self.row_type.subject}"] if self.row_type.subject else None
        return found

    def get_keys(self, names: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the values that a relation needs of this row."""
        return tuple(self._values[f"_{name}"] for name in names)


def check_names(row_types: Iterable[RowType]) -> None:
    """Check that no declared field has the name of an attribute of `Row`, which would be read in its place. Raises
    DeclarationError."""
    for row_type in row_types:
        for name in row_type.scalars:
            if hasattr(Row, name):
                raise DeclarationError(
                    f"{row_type.name}.{name} has the name of an attribute of Row: name it otherwise."
                )


@dataclass(frozen=True)
class PlacedRow:
    """A row with its cursor."""

    cursor: str
    node: Row


@dataclass(frozen=True)
class PagePlace:
    """The position of a page (Relay)."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None
