"""Declarations of filter inputs."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, ClassVar, TypeVar, dataclass_transform

import strawberry
from strawberry.utils.str_converters import to_camel_case, to_snake_case

from engine.declare.descriptions import read_description
from engine.declare.directives import RequiresScopes
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from engine.policy import OPEN, REQUIRES, Requirement, combine, require

Input = TypeVar("Input", bound=type)
Filter = Callable[[Frame, Any], SQL]


class Filters:
    """The base class of filter inputs. filters: the condition of each field by Python name."""

    filters: ClassVar[Mapping[str, Filter]]


def filter_by(of: Any, field: str, description: str, narrow: Filter | None = None) -> Any:
    """Declare a field of a filter input. It requires the scopes of the field `field` of the type `of`.

    narrow: the condition on a row; by default, the column of that field equals the value.
    """
    metadata = {"requires": _needed(of, field), "filter": narrow or _equality(to_snake_case(field))}
    return strawberry.field(description=description, default=None, metadata=metadata)


@dataclass_transform(kw_only_default=True)
def filter_input(cls: Input) -> Input:
    """Declare a filter input. Rows must match all fields that are given."""
    made: Any = strawberry.input(cls, description=read_description(cls))
    definition = made.__strawberry_definition__
    made.filters = {field.python_name: field.metadata["filter"] for field in definition.fields}
    requirement = reduce(combine, (field.metadata["requires"] for field in definition.fields))
    definition.directives = RequiresScopes.list_for(requirement)
    require(made, requirement)
    return made  # type: ignore[no-any-return]  # strawberry.input returns the class


def _equality(column: str) -> Filter:
    return lambda row, value: getattr(row, column) == value


def _needed(of: Any, field: str) -> Requirement:
    """Return the requirement of a field and its type. Raises LookupError if the type does not have the field."""
    members = of.__strawberry_definition__.fields
    names = {member.graphql_name or to_camel_case(member.python_name): member for member in members}
    if field not in names:
        raise LookupError(f"{of.__name__} has no field {field} to filter by.")
    return combine(getattr(of, REQUIRES), getattr(names[field], "requirement", None) or OPEN)
