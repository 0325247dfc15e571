"""Filter inputs: each field names what it compares, and needs what reading that needs."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, ClassVar, TypeVar, dataclass_transform

import strawberry
from strawberry.utils.str_converters import to_camel_case

from auth.policy import POLICY, Requirement, both
from engine.declare.directives import RequiresScopes
from engine.declare.relations import Frame
from engine.declare.sql import SQL

Input = TypeVar("Input", bound=type)
Filter = Callable[[Frame, Any], SQL]


class Filters:
    """What a filter input has beside its fields: how each narrows the rows."""

    filters: ClassVar[Mapping[str, Filter]]


def filtered(of: Any, field: str, narrow: Filter, description: str) -> Any:
    """A field of a filter input: narrows by the field `field` of the type `of`, and needs what reading that needs."""
    compared = f"{of.__strawberry_definition__.name}.{field}"
    return strawberry.field(description=description, default=None, metadata={"field": compared, "filter": narrow})


@dataclass_transform(kw_only_default=True)
def filter_input(description: str) -> Callable[[Input], Input]:
    """Declare a filter input: all of the fields that are given must hold."""

    def declare(cls: Input) -> Input:
        made: Any = strawberry.input(cls, description=description)
        definition = made.__strawberry_definition__
        made.filters = {field.python_name: field.metadata["filter"] for field in definition.fields}
        needs = {to_camel_case(field.python_name): _needed(field.metadata["field"]) for field in definition.fields}
        whole = reduce(both, needs.values())
        definition.directives = [RequiresScopes.of(whole)]
        POLICY.declare(definition.name, whole)
        for name, requirement in needs.items():
            POLICY.declare(f"{definition.name}.{name}", requirement)
        return made  # type: ignore[no-any-return]  # strawberry.input gives the class back

    return declare


def _needed(coordinate: str) -> Requirement:
    """What reading a field needs, its type included."""
    return reduce(both, POLICY.required(coordinate))
