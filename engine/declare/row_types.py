"""How types are declared: each field with what it stands for, what reading it needs, and what it means.

    @row_type(models.Court, requires=any_of(Scope.CATALOGUE, ...), description="A court (法院).")
    class Court(Node):
        name: str = column("name", "Full name of the court (法院名称).")

From this one line come the SDL, the policy table, and both executors' SQL.
"""

from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

import strawberry
from graphql import GraphQLResolveInfo
from strawberry.utils.str_converters import to_camel_case

from auth.policy import OPEN, POLICY, Requirement
from engine.declare.directives import RequiresScopes
from engine.declare.fields import DeclaredField, specialized
from engine.declare.relations import ROW_TYPES, Column, Expression, Relation, RowType, Source, declare_row_type
from engine.load.rows import Row

Type = TypeVar("Type", bound=type)


@dataclass_transform(kw_only_default=True)
def row_type(
    model: type,
    *,
    requires: Requirement,
    description: str,
    name: str | None = None,
    source: Source | None = None,
    key: str | None = "id",
) -> Callable[[Type], Type]:
    """Declare the GraphQL type whose objects are rows of `model` and who may read it."""

    def declare(cls: Type) -> Type:
        declared = declare_row_type(model, name or cls.__name__, source, key)
        made = strawberry.type(cls, name=name, description=description, directives=[RequiresScopes.of(requires)])
        enter(made, declared, requires)
        return made

    return declare


def model_of(cls: Any) -> type:
    """The model whose rows are objects of a row type."""
    name = cls.__strawberry_definition__.name
    return next(model for model, declared in ROW_TYPES.items() if declared.name == name)


@dataclass_transform(kw_only_default=True)
def row_interface(
    model: type, *, discriminator: str, requires: Requirement, description: str
) -> Callable[[Type], Type]:
    """Declare an interface over the rows of `model`; `discriminator` is the column that tells its types apart."""

    def declare(cls: Type) -> Type:
        declared = declare_row_type(model, cls.__name__, None, "id")
        declared.discriminator = discriminator
        made = strawberry.interface(cls, description=description, directives=[RequiresScopes.of(requires)])
        enter(made, declared, requires)
        return made

    return declare


@dataclass_transform(kw_only_default=True)
def row_variant(model: type, value: Any, *, requires: Requirement, description: str) -> Callable[[Type], Type]:
    """Declare one of the types of a row interface: the rows whose discriminator is `value`."""

    def declare(cls: Type) -> Type:
        declared = ROW_TYPES[model]
        declared.names[value] = cls.__name__
        made = strawberry.type(cls, description=description, directives=[RequiresScopes.of(requires)])
        enter(made, declared, requires)
        return made

    return declare


def enter(cls: Any, declared: RowType | None, requires: Requirement) -> None:
    """Enter a type and its fields into the policy table, and its declarations into the row type."""
    definition = cls.__strawberry_definition__
    POLICY.declare(definition.name, requires)
    for place, member in enumerate(definition.fields):
        if isinstance(member, DeclaredField):
            definition.fields[place] = specialized(member, definition.name)
    for member in definition.fields:
        coordinate = f"{definition.name}.{member.graphql_name or to_camel_case(member.python_name)}"
        POLICY.declare(coordinate, getattr(member, "requirement", None) or OPEN)
        for argument_ in member.arguments:
            name = argument_.graphql_name or to_camel_case(argument_.python_name)
            POLICY.declare(f"{coordinate}({name}:)", getattr(argument_, "requirement", OPEN))
        if declared and isinstance(member, DeclaredField):
            store(declared, member)


def store(declared: RowType, member: DeclaredField) -> None:
    """Keep a field's declaration under its Python name; a type may repeat its interface's."""
    if isinstance(member.declaration, Column | Expression):
        declared.scalars[member.python_name] = member.declaration
    elif isinstance(member.declaration, Relation):
        declared.relations.setdefault(member.python_name, member.declaration)


class RowObject:
    """What every row type inherits: GraphQL finds the concrete type of a row by the row's own word."""

    @classmethod
    def is_type_of(cls, obj: Any, info: GraphQLResolveInfo[Any]) -> bool:
        """Whether `obj` is a row of this type."""
        name: str = cls.__strawberry_definition__.name  # type: ignore[attr-defined]  # set by strawberry.type
        return isinstance(obj, Row) and obj.type_name == name
