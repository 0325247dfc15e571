"""Checks of the declarations of a schema. They run when an engine is built."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationType,
    get_named_type,
    get_nullable_type,
)
from sqlalchemy.orm import Mapper

from engine.declare.relations import ROW_TYPE, Column, Computed, Relation, Root, RowType, TableRows
from engine.policy import DEFINITION, OPEN, Policy, Requirement, combine


class DeclarationError(TypeError):
    """A declaration is invalid. The message names the type and the field."""


@dataclass(frozen=True)
class Member:
    """A declared field of the schema. row_type: the type of its parent; None for a root field."""

    type_name: str
    name: str
    field: GraphQLField
    declaration: Any
    row_type: RowType | None

    @property
    def coordinate(self) -> str:
        """The schema coordinate of the field."""
        return f"{self.type_name}.{self.name}"

    @property
    def relation(self) -> Relation | None:
        """The relation of the field, if it has one."""
        found = self.declaration.relation if isinstance(self.declaration, Root) else self.declaration
        return found if isinstance(found, Relation) else None


def collect_row_types(schema: GraphQLSchema) -> dict[type, RowType]:
    """Return the row types of a schema by model. Raises DeclarationError if two row types have the same model."""
    found: dict[type, RowType] = {}
    for row_type in filter(None, map(_row_type, schema.type_map.values())):
        if found.setdefault(row_type.model, row_type) is not row_type:
            both_names = f"{row_type.name} and {found[row_type.model].name}"
            raise DeclarationError(f"{both_names} show the same model, {row_type.model.__name__}.")
    return found


def check_declarations(schema: GraphQLSchema, rows: Mapping[type, RowType], policy: Policy) -> None:
    """Check every declaration of a schema against its models and its policy. Raises DeclarationError."""
    _check_roots(schema)
    for row_type in rows.values():
        for name in filter(None, (row_type.key, row_type.discriminator, row_type.subject)):
            _check_name(row_type.name, name, row_type)
    for member in _members(schema):
        if isinstance(member.declaration, Column):
            _check_column(member, member.declaration.name)
        elif isinstance(member.declaration, Computed):
            for name in member.declaration.needs:
                _check_name(member.coordinate, name, member.row_type)
        elif relation := member.relation:
            _check_relation(member, relation, rows)
            _check_count(member, relation, policy)


def _check_roots(schema: GraphQLSchema) -> None:
    """Raise DeclarationError if a root type is not named Query, Mutation or Subscription."""
    for operation in OperationType:
        root, name = schema.get_root_type(operation), operation.value.capitalize()
        if root and root.name != name:
            raise DeclarationError(f"{root.name} is where a {operation.value} begins: call it {name}.")


def _row_type(kind: Any) -> RowType | None:
    return getattr(getattr(kind.extensions.get(DEFINITION), "origin", None), ROW_TYPE, None)


def _members(schema: GraphQLSchema) -> Iterator[Member]:
    for kind in schema.type_map.values():
        for name, field in getattr(kind, "fields", {}).items():
            declaration = getattr(field.extensions.get(DEFINITION), "declaration", None)
            if declaration is not None:
                yield Member(kind.name, name, field, declaration, _row_type(kind))


def _mapper(row_type: RowType | None) -> Mapper[Any] | None:
    """Return the mapper of the model, or None if the rows do not come from a mapped table."""
    if row_type is None or not isinstance(row_type.source, TableRows):
        return None
    found: Mapper[Any] | None = sa.inspect(row_type.model, raiseerr=False)
    return found


def _check_name(where: str, name: str, row_type: RowType | None) -> None:
    """Raise DeclarationError if the model has no such column."""
    mapper = _mapper(row_type)
    if mapper is None or (name in mapper.all_orm_descriptors and name not in mapper.relationships):
        return
    raise DeclarationError(f"{where} reads the column {name}, which {mapper.class_.__name__} does not have.")


def _check_column(member: Member, name: str) -> None:
    """Raise DeclarationError if the column does not exist, or is nullable and the field is not."""
    _check_name(member.coordinate, name, member.row_type)
    mapper = _mapper(member.row_type)
    stored = mapper.columns.get(name) if mapper else None
    if isinstance(member.field.type, GraphQLNonNull) and getattr(stored, "nullable", False):
        raise DeclarationError(
            f"{member.coordinate} is never null, but its column {name} may be: "
            "let the field be null, or declare it by an expression that is not."
        )


def _check_relation(member: Member, relation: Relation, rows: Mapping[type, RowType]) -> None:
    """Raise DeclarationError if no row type has the target model, or if the field has another type."""
    if relation.target not in rows:
        raise DeclarationError(f"{member.coordinate} leads to {relation.target.__name__}, which no type shows.")
    shown: Any = get_named_type(member.field.type)
    shown = get_named_type(shown.fields["nodes"].type) if relation.connection else shown
    if _row_type(shown) is not rows[relation.target]:
        raise DeclarationError(f"{member.coordinate} leads to {relation.target.__name__}, which {shown} does not show.")
    is_list = isinstance(get_nullable_type(member.field.type), GraphQLList)
    if is_list is not (relation.many and not relation.connection):
        rows_of = "many rows" if relation.many else "one row"
        raise DeclarationError(f"{member.coordinate} leads to {rows_of}, and {member.field.type} says otherwise.")


def _check_count(member: Member, relation: Relation, policy: Policy) -> None:
    """Raise DeclarationError if a connection states no requirement and its rows have one.

    Its count would disclose rows of a type that the caller may not read.
    """
    if not relation.connection or getattr(member.field.extensions[DEFINITION], "requirement", None):
        return
    page: Any = get_named_type(member.field.type)
    rows = get_named_type(page.fields["nodes"].type)
    parent, needed = policy.requirements.get(member.type_name, OPEN), policy.requirements.get(rows.name, OPEN)
    if not _implies(parent, needed):
        raise DeclarationError(f"{member.coordinate} counts rows of {rows.name}: state what it requires.")


def _implies(first: Requirement, second: Requirement) -> bool:
    """Return whether the first requirement implies the second."""
    return set(combine(first, second)) == set(combine(first, OPEN))
