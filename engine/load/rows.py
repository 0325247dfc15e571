"""Rows on their way from the database to GraphQL."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.declare.relations import RowType
from engine.load.caller import AnyView


@dataclass(eq=False)
class RootAnswer:
    """The answer of one root field under way. `known`: the subjects that the access log says it told of."""

    field: str
    view: AnyView
    known: set[int | None] = dataclasses.field(default_factory=set)


class Row:
    """One row: GraphQL reads its scalars as attributes; relations find their keys under `_` names."""

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
        """The GraphQL object type of this row."""
        if self.row_type.discriminator is None:
            return self.row_type.name
        return self.row_type.names[self._values[f"_{self.row_type.discriminator}"]]

    @property
    def subject(self) -> int | None:
        """The key of the subject that this row is, or is about; None where it is about no one subject."""
        found: int | None = self._values[f"_{self.row_type.subject}"] if self.row_type.subject else None
        return found

    def keys_for(self, names: Mapping[str, Any]) -> tuple[Any, ...]:
        """What a relation needs of this row."""
        return tuple(self._values[f"_{name}"] for name in names)


@dataclass(frozen=True)
class PlacedRow:
    """A row and its place in a connection."""

    cursor: str
    node: Row


@dataclass(frozen=True)
class PagePlace:
    """Where a page stands (Relay)."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None
