"""Declarations of row types.

    @row_type(models.Shelf, requires=any_of("catalogue"), seen_by=everybody)
    class Shelf(Node):
        '''A shelf.'''

        name: str = column("The label of the shelf.")

The SDL, the policy table and the SQL of both executors are derived from these lines. The docstring of the class is the
description of the GraphQL type.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, dataclass_transform

import strawberry
from graphql import GraphQLResolveInfo

from engine.declare.descriptions import read_description
from engine.declare.directives import RequiresScopes
from engine.declare.fields import DeclaredField, name_column, specialize
from engine.declare.relations import (
    ROW_TYPE,
    About,
    Audience,
    Column,
    Computed,
    Expression,
    Frame,
    Predicate,
    Relation,
    RowType,
    Source,
    TableRows,
)
from engine.declare.sql import SQL
from engine.load.rows import Row
from engine.policy import Requirement, require

Type = TypeVar("Type", bound=type)


@dataclass_transform(kw_only_default=True)
def row_type(
    model: type,
    *,
    requires: Requirement,
    seen_by: Predicate,
    about: About | None = None,
    subject: str | None = None,
    hoists: Callable[[Frame, Audience], Mapping[Any, SQL]] | None = None,
    name: str | None = None,
    source: Source | None = None,
    key: str | None = "id",
    by_keys: Callable[[Frame, SQL], SQL] | None = None,
) -> Callable[[Type], Type]:
    """Declare the GraphQL type whose objects are rows of `model`.

    requires: the scopes to read it. seen_by: the row predicate. about: the subjects of a row, for the access log.
    subject, hoists, source, key, by_keys: as in `RowType`.
    """

    def declare(cls: Type) -> Type:
        rows = source or TableRows(model)
        declared = RowType(model, name or cls.__name__, rows, seen_by, about, subject, hoists, key, by_keys)
        return _enter(strawberry.type, cls, declared.name, declared, requires)

    return declare


def get_model(cls: Any) -> type:
    """Return the model of a row type."""
    declared: RowType = getattr(cls, ROW_TYPE)
    return declared.model


@dataclass_transform(kw_only_default=True)
def row_interface(
    model: type,
    *,
    discriminator: str,
    requires: Requirement,
    seen_by: Predicate,
    about: About | None = None,
    hoists: Callable[[Frame, Audience], Mapping[Any, SQL]] | None = None,
) -> Callable[[Type], Type]:
    """Declare an interface over the rows of `model`.

    discriminator: the column of the type. hoists: as in `RowType`. The other parameters are those of `row_type`.
    """

    def declare(cls: Type) -> Type:
        rows = TableRows(model)
        declared = RowType(model, cls.__name__, rows, seen_by, about, hoists=hoists, discriminator=discriminator)
        return _enter(strawberry.interface, cls, cls.__name__, declared, requires)

    return declare


@dataclass_transform(kw_only_default=True)
def row_variant(value: Any, *, requires: Requirement) -> Callable[[Type], Type]:
    """Declare a type of the row interface that the class inherits: the rows with this discriminator value."""

    def declare(cls: Type) -> Type:
        declared: RowType = getattr(cls, ROW_TYPE)
        declared.names[value] = cls.__name__
        return _enter(strawberry.type, cls, cls.__name__, declared, requires)

    return declare


def _enter(make: Callable[..., Any], cls: Type, name: str, declared: RowType, requires: Requirement) -> Type:
    """Make the GraphQL type of a class. Keep its requirement with the class and its fields with the row type."""
    made: Any = make(cls, name=name, description=read_description(cls), directives=RequiresScopes.list_for(requires))
    require(made, requires)
    setattr(made, ROW_TYPE, declared)
    definition = made.__strawberry_definition__
    for place, member in enumerate(definition.fields):
        if isinstance(member, DeclaredField):
            definition.fields[place] = own = specialize(name_column(member), definition.name)
            _store(declared, own)
    return made  # type: ignore[no-any-return]  # strawberry returns the class


def _store(declared: RowType, member: DeclaredField) -> None:
    """Keep a field's declaration under its Python name. A type may redeclare a field of its interface."""
    if isinstance(member.declaration, Column | Expression):
        declared.scalars[member.python_name] = member.declaration
    elif isinstance(member.declaration, Computed):
        declared.computed[member.python_name] = member.declaration
    elif isinstance(member.declaration, Relation):
        declared.relations.setdefault(member.python_name, member.declaration)


class RowObject:
    """The base class of row types. It tells GraphQL which type a row has."""

    @classmethod
    def is_type_of(cls, obj: Any, info: GraphQLResolveInfo[Any]) -> bool:
        """Return whether `obj` is a row of this type."""
        name: str = cls.__strawberry_definition__.name  # type: ignore[attr-defined]  # set by strawberry.type
        return isinstance(obj, Row) and obj.type_name == name
