"""What declarations are held to when an engine is built. A request never meets the mistakes that are found here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from graphql import GraphQLField, GraphQLNonNull, GraphQLSchema, OperationType, get_named_type
from sqlalchemy.orm import Mapper

from engine.declare.relations import ROW_TYPE, Column, Relation, Root, RowType, TableRows
from engine.policy import DEFINITION, OPEN, Policy, Requirement, combine


class DeclarationError(TypeError):
    """A declaration that cannot be answered; the message names the type, the field, and what to mend."""


@dataclass(frozen=True)
class Member:
    """A field of the schema that stands for something. row_type: of the type that has it; None at a root."""

    type_name: str
    name: str
    field: GraphQLField
    declaration: Any
    row_type: RowType | None

    @property
    def coordinate(self) -> str:
        """Where it stands in the schema."""
        return f"{self.type_name}.{self.name}"

    @property
    def relation(self) -> Relation | None:
        """The edge that it is, if it is one."""
        found = self.declaration.relation if isinstance(self.declaration, Root) else self.declaration
        return found if isinstance(found, Relation) else None


def collect_row_types(schema: GraphQLSchema) -> dict[type, RowType]:
    """The row types of a schema by their models. Raises DeclarationError for a model that two of them show."""
    found: dict[type, RowType] = {}
    for row_type in filter(None, map(_row_type, schema.type_map.values())):
        if found.setdefault(row_type.model, row_type) is not row_type:
            both_names = f"{row_type.name} and {found[row_type.model].name}"
            raise DeclarationError(f"{both_names} show the same model, {row_type.model.__name__}.")
    return found


def check_declarations(schema: GraphQLSchema, rows: Mapping[type, RowType], policy: Policy) -> None:
    """Hold every declaration of a schema to its models and to its policy. Raises DeclarationError."""
    _check_roots(schema)
    for row_type in rows.values():
        for name in filter(None, (row_type.key, row_type.discriminator, row_type.subject)):
            _check_name(row_type.name, name, row_type)
    for member in _members(schema):
        if isinstance(member.declaration, Column):
            _check_column(member, member.declaration.name)
        elif relation := member.relation:
            _check_relation(member, relation, rows)
            _check_count(member, relation, policy)


def _check_roots(schema: GraphQLSchema) -> None:
    """Raise DeclarationError for a root type of another name than GraphQL's own, which plans and introspection use."""
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
    """The mapper of the model; None of a type whose rows do not come from the table of a mapped model."""
    if row_type is None or not isinstance(row_type.source, TableRows):
        return None
    found: Mapper[Any] | None = sa.inspect(row_type.model, raiseerr=False)
    return found


def _check_name(where: str, name: str, row_type: RowType | None) -> None:
    """Raise DeclarationError for a column that the model of a row type does not have."""
    mapper = _mapper(row_type)
    if mapper is None or (name in mapper.all_orm_descriptors and name not in mapper.relationships):
        return
    raise DeclarationError(f"{where} reads the column {name}, which {mapper.class_.__name__} does not have.")


def _check_column(member: Member, name: str) -> None:
    """Raise DeclarationError for a column that is not there, and for one that may be null where the field is not."""
    _check_name(member.coordinate, name, member.row_type)
    mapper = _mapper(member.row_type)
    stored = mapper.columns.get(name) if mapper else None
    if isinstance(member.field.type, GraphQLNonNull) and getattr(stored, "nullable", False):
        raise DeclarationError(
            f"{member.coordinate} is never null, but its column {name} may be: "
            "let the field be null, or declare it by an expression that is not."
        )


def _check_relation(member: Member, relation: Relation, rows: Mapping[type, RowType]) -> None:
    """Raise DeclarationError for an edge to a model that no type shows."""
    if relation.target not in rows:
        raise DeclarationError(f"{member.coordinate} leads to {relation.target.__name__}, which no type shows.")


def _check_count(member: Member, relation: Relation, policy: Policy) -> None:
    """Raise DeclarationError for a connection that states no requirement where its rows have one.

    Its count tells of rows whose type the caller may not read.
    """
    if not relation.connection or getattr(member.field.extensions[DEFINITION], "requirement", None):
        return
    page: Any = get_named_type(member.field.type)
    rows = get_named_type(page.fields["nodes"].type)
    parent, needed = policy.requirements.get(member.type_name, OPEN), policy.requirements.get(rows.name, OPEN)
    if not _implies(parent, needed):
        raise DeclarationError(f"{member.coordinate} counts rows of {rows.name}: state what it requires.")


def _implies(first: Requirement, second: Requirement) -> bool:
    """Whether whoever meets the first requirement meets the second."""
    return set(combine(first, second)) == set(combine(first, OPEN))
