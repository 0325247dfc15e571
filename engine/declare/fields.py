"""Fields of declared types: what each stands for, what reading it needs, what it means.

A column of the row, SQL over it, an edge to other rows, a page of them, or a root. `DeclaredField` answers through the
loaders executor; other executors read `DeclaredField.declaration`.
"""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from functools import reduce
from typing import Any

import strawberry
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from engine.declare.directives import PAGED, ListSize, RequiresScopes
from engine.declare.paging import Page, read_page
from engine.declare.relations import (
    About,
    Audience,
    Column,
    Expression,
    Frame,
    Prepare,
    Relation,
    Root,
    Scalar,
    read_relationship,
)
from engine.declare.sql import SQL
from engine.load.context import Context, Later
from engine.load.loaders import answer_root, load_page, load_relation
from engine.load.nodes import NodesRoot, load_nodes
from engine.policy import OPEN, Requirement, combine

Info = strawberry.Info[Context, None]


class PerType(dict[str, Requirement]):
    """What a field of an interface needs, by the type that has it, where its types differ."""

    def of(self, type_name: str) -> Requirement:
        """The requirement at a type; at the interface itself, all of them."""
        if type_name in self:
            return self[type_name]
        return reduce(combine, self.values())


class DeclaredField(StrawberryField):
    """A GraphQL field that stands for something in the database."""

    declaration: Scalar | Relation | Root | NodesRoot | None = None
    requirement: Requirement | None = None
    by_type: PerType | None = None

    @property
    def is_basic_field(self) -> bool:
        """Scalars are read straight off the row; edges are resolved."""
        return self.declaration is None or isinstance(self.declaration, Column | Expression)

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Answer by the loaders executor."""
        declaration = self.declaration
        if isinstance(declaration, Column | Expression):
            return getattr(source, self.python_name)
        if isinstance(declaration, NodesRoot):
            return Later(load_nodes, info.context, to_camel_case(self.python_name), declaration, kwargs)
        assert isinstance(declaration, Root | Relation)  # noqa: S101 - there are no other kinds
        relation = declaration.relation if isinstance(declaration, Root) else declaration
        page = _page(info.context, relation, kwargs)
        if isinstance(declaration, Root):
            return Later(answer_root, info.context, to_camel_case(self.python_name), declaration, kwargs, page)
        if page:
            return Later(load_page, info.context, relation, source, page)
        return Later(load_relation, info.context, relation, source, kwargs)


def _page(context: Context, relation: Relation, arguments: Mapping[str, Any]) -> Page | None:
    """The page that a connection's arguments ask for; None of an edge that is not paged."""
    if not relation.connection:
        return None
    return read_page(context.engine.row_type(relation), relation, arguments, context.caller.opaque_key)


def _field(
    declaration: Scalar | Relation | Root | NodesRoot,
    description: str,
    requires: Requirement | PerType | None,
    *arguments: StrawberryArgument,
    size: ListSize | None = None,
) -> DeclaredField:
    scopes = [RequiresScopes.of(requires)] if isinstance(requires, tuple) and requires != OPEN else []
    made = DeclaredField(description=description, directives=[*scopes, *([size] if size else [])])
    made.declaration = declaration
    if isinstance(requires, PerType):
        made.by_type = requires
    else:
        made.requirement = requires
    if arguments:
        made.arguments = list(arguments)
    return made


def name_column(member: DeclaredField) -> DeclaredField:
    """The field with the name of its column, which it has by its place in a class."""
    if isinstance(member.declaration, Column) and not member.declaration.name:
        member.declaration = Column(member.python_name)
    return member


def specialize(member: DeclaredField, type_name: str) -> DeclaredField:
    """The field as `type_name` has it, where what it needs depends on the type."""
    if member.by_type is None:
        return member
    made, requirement = copy(member), member.by_type.of(type_name)
    made.declaration, made.requirement, made.by_type = member.declaration, requirement, member.by_type
    made.directives = [RequiresScopes.of(requirement), *member.directives]
    made.arguments = member.arguments
    return made


def column(description: str, *, requires: Requirement | PerType | None = None, of: str = "") -> Any:
    """A field that is a column of the row: the one of the field's own name, or `of`."""
    return _field(Column(of), description, requires)


def expression(
    build: Callable[[Frame, Audience], SQL], description: str, *, requires: Requirement | PerType | None = None
) -> Any:
    """A field that is SQL over the row, such as a masked name."""
    return _field(Expression(build), description, requires)


def relation(
    to: InstrumentedAttribute[Any] | Relation,
    description: str,
    *arguments: StrawberryArgument,
    requires: Requirement | PerType | None = None,
    **changes: Any,
) -> Any:
    """An edge to one row or to a short list: a mapped relationship, or a join of its own. `changes` refine it."""
    base = to if isinstance(to, Relation) else read_relationship(to)
    made = replace(base, **changes)
    return _field(made, description, requires, *arguments, size=_size(made))


class DeclaredArgument(StrawberryArgument):
    """An argument that may need more than its field."""

    requirement: Requirement = OPEN


def argument(
    name: str, annotation: Any, description: str, default: Any = strawberry.UNSET, *, requires: Requirement = OPEN
) -> StrawberryArgument:
    """An argument of a field. Without a default it must be given."""
    made = DeclaredArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(annotation),
        description=description,
        default=default,
        directives=[] if requires is OPEN else [RequiresScopes.of(requires)],
    )
    made.requirement = requires
    return made


def list_paging_arguments(filter_type: type | None = None, order_type: type | None = None) -> list[StrawberryArgument]:
    """The arguments of a connection."""
    found = [
        argument("first", int, "How many, 1 to 100."),
        argument("after", str | None, "The endCursor of the page before.", None),
    ]
    if filter_type:
        found.append(argument("filter", filter_type | None, "Only rows that match all of it.", None))
    if order_type:
        found.append(argument("order_by", order_type | None, "The order; the first of its values by default.", None))
    return found


def connection(
    to: InstrumentedAttribute[Any] | Relation,
    description: str,
    *,
    filter_type: type | None = None,
    order_type: type | None = None,
    requires: Requirement | PerType | None = None,
) -> Any:
    """Declare an edge to a list that is read page by page."""
    paged = _paged(to if isinstance(to, Relation) else read_relationship(to), filter_type, order_type)
    return _field(paged, description, requires, *list_paging_arguments(filter_type, order_type), size=PAGED)


def root(
    to: Relation | Root | NodesRoot,
    description: str,
    *arguments: StrawberryArgument,
    requires: Requirement,
    about: About | None = None,
    prepare: Prepare | None = None,
    sized_by: str | None = None,
) -> Any:
    """Declare a root field that returns one row or a list of known length.

    to: a root, or a relation, of which `about` and `prepare` make a root. sized_by: the argument that is a list as long
    as the answer, or the length of the answer.
    """
    size = ListSize(slicing_arguments=[sized_by]) if sized_by else None
    if isinstance(to, Relation):
        return _field(Root(to, about, prepare), description, requires, *arguments, size=size or _size(to))
    return _field(to, description, requires, *arguments, size=size)


def root_connection(
    to: Relation,
    description: str,
    *arguments: StrawberryArgument,
    requires: Requirement,
    about: About | None = None,
    filter_type: type | None = None,
    order_type: type | None = None,
    prepare: Prepare | None = None,
) -> Any:
    """Declare a root field that is read page by page."""
    declared = Root(_paged(to, filter_type, order_type), about, prepare)
    return _field(
        declared, description, requires, *arguments, *list_paging_arguments(filter_type, order_type), size=PAGED
    )


def _size(to: Relation) -> ListSize | None:
    return ListSize(assumed_size=to.assumed) if to.many else None


def _paged(to: Relation, filter_type: Any, order_type: Any) -> Relation:
    orders = {member.name: member.value for member in order_type} if order_type else to.orders
    filters = filter_type.filters if filter_type else to.filters
    return replace(to, many=True, connection=True, orders=orders, filters=filters)
