"""Declarations of fields: columns, expressions, edges, connections and roots.

`DeclaredField` resolves fields by the loaders. Plans read `DeclaredField.declaration`.
"""

from collections.abc import Callable, Coroutine, Mapping
from copy import copy
from dataclasses import replace
from functools import partial, reduce
from typing import Any

import strawberry
from sqlalchemy.orm import InstrumentedAttribute
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from engine.declare.directives import PAGED, Cost, ListSize, RequiresScopes
from engine.declare.paging import Page, read_page
from engine.declare.relations import (
    About,
    Audience,
    Column,
    Computed,
    Derived,
    Expression,
    Frame,
    Prepare,
    Relation,
    Root,
    Scalar,
    read_relationship,
)
from engine.declare.sql import SQL
from engine.load.context import Context, Deferred
from engine.load.loaders import answer_root, load_page, load_relation
from engine.load.nodes import NodesRoot, load_nodes
from engine.policy import OPEN, Requirement, combine

Info = strawberry.Info[Context, None]


class PerType(dict[str, Requirement]):
    """The requirements of an interface field by type name."""

    def of(self, type_name: str) -> Requirement:
        """Return the requirement for a type, or the combination of all for the interface."""
        if type_name in self:
            return self[type_name]
        return reduce(combine, self.values())


class DeclaredField(StrawberryField):
    """A GraphQL field with a declaration."""

    declaration: Scalar | Computed | Relation | Root | NodesRoot | None = None
    requirement: Requirement | None = None
    by_type: PerType | None = None

    @property
    def is_basic_field(self) -> bool:
        """Whether the value is an attribute of the row."""
        return self.declaration is None or isinstance(self.declaration, Column | Expression)

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Resolve the field by the loaders."""
        declaration = self.declaration
        if isinstance(declaration, Column | Expression):
            return getattr(source, self.python_name)
        if isinstance(declaration, Derived):
            return Deferred(partial(declaration.compute, **kwargs), info.context, source)
        if isinstance(declaration, Computed):
            needed = source.get_keys(dict.fromkeys(declaration.needs)) if source is not None else ()
            return Deferred(declaration.compute, info.context, needed)
        if isinstance(declaration, NodesRoot):
            return Deferred(load_nodes, info.context, to_camel_case(self.python_name), declaration, kwargs)
        assert isinstance(declaration, Root | Relation)  # noqa: S101 - there are no other kinds of declarations
        relation = declaration.relation if isinstance(declaration, Root) else declaration
        page = _page(info.context, relation, kwargs)
        if isinstance(declaration, Root):
            return Deferred(answer_root, info.context, to_camel_case(self.python_name), declaration, kwargs, page)
        if page:
            return Deferred(load_page, info.context, relation, source, page)
        return Deferred(load_relation, info.context, relation, source, kwargs)


def _page(context: Context, relation: Relation, arguments: Mapping[str, Any]) -> Page | None:
    """Return the page that the arguments of a connection request, or None if the relation is not a connection."""
    if not relation.connection:
        return None
    return read_page(context.engine.get_row_type(relation), relation, arguments, context.caller.opaque_key)


def _field(
    declaration: Scalar | Computed | Relation | Root | NodesRoot,
    description: str,
    requires: Requirement | PerType | None,
    *arguments: StrawberryArgument,
    size: ListSize | None = None,
) -> DeclaredField:
    scopes = RequiresScopes.list_for(requires) if isinstance(requires, tuple) else []
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
    """Set the name of the column to the name of the field if the declaration has none."""
    if isinstance(member.declaration, Column) and not member.declaration.name:
        member.declaration = Column(member.python_name)
    return member


def specialize(member: DeclaredField, type_name: str) -> DeclaredField:
    """Return a copy of the field for `type_name` if its requirement depends on the type."""
    if member.by_type is None:
        return member
    made, requirement = copy(member), member.by_type.of(type_name)
    made.declaration, made.requirement, made.by_type = member.declaration, requirement, member.by_type
    made.directives = [RequiresScopes.of(requirement), *member.directives]
    made.arguments = member.arguments
    return made


def column(description: str, *, requires: Requirement | PerType | None = None, of: str = "") -> Any:
    """Declare a field that is a column of the row: the column of the same name, or `of`."""
    return _field(Column(of), description, requires)


def expression(
    build: Callable[[Frame, Audience], SQL], description: str, *, requires: Requirement | PerType | None = None
) -> Any:
    """Declare a field that is an SQL expression over the row."""
    return _field(Expression(build), description, requires)


def computed(
    compute: Callable[[Any, tuple[Any, ...]], Coroutine[Any, Any, Any]],
    description: str,
    *needs: str,
    requires: Requirement | PerType | None = None,
) -> Any:
    """Declare a field that a function computes from columns of the row. Operations with it are answered by the loaders.

    compute: takes the context of the request and the values of the columns that are named by `needs`.
    """
    return _field(Computed(needs, compute), description, requires)


def derived(
    derive: Callable[..., Coroutine[Any, Any, Any]],
    description: str,
    *arguments: StrawberryArgument,
    requires: Requirement | PerType | None = None,
) -> Any:
    """Declare a field that a function derives from its row and arguments. Operations with it are answered by the
    loaders.

    derive: takes the context of the request, the row, and the arguments.
    """
    return _field(Derived(compute=derive), description, requires, *arguments)


def relation(
    to: InstrumentedAttribute[Any] | Relation,
    description: str,
    *arguments: StrawberryArgument,
    requires: Requirement | PerType | None = None,
    **changes: Any,
) -> Any:
    """Declare an edge to one row or to a short list. to: a mapped relationship or a relation, of which `changes`
    replace attributes.
    """
    base = to if isinstance(to, Relation) else read_relationship(to)
    made = replace(base, **changes)
    return _field(made, description, requires, *arguments, size=_size(made))


class DeclaredArgument(StrawberryArgument):
    """An argument with a requirement of its own."""

    requirement: Requirement = OPEN


def argument(
    name: str, annotation: Any, description: str, default: Any = strawberry.UNSET, *, requires: Requirement = OPEN
) -> StrawberryArgument:
    """Declare an argument of a field. It is required unless it has a default."""
    made = DeclaredArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(annotation),
        description=description,
        default=default,
        directives=RequiresScopes.list_for(requires),
    )
    made.requirement = requires
    return made


def list_paging_arguments(filter_type: type | None = None, order_type: type | None = None) -> list[StrawberryArgument]:
    """Return the arguments of a connection."""
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
    """Declare an edge to a list that is read in pages."""
    paged = _paged(to if isinstance(to, Relation) else read_relationship(to), filter_type, order_type)
    return _field(paged, description, requires, *list_paging_arguments(filter_type, order_type), size=PAGED)


def root(
    to: Relation | Root | NodesRoot | Computed,
    description: str,
    *arguments: StrawberryArgument,
    requires: Requirement,
    about: About | None = None,
    prepare: Prepare | None = None,
    sized_by: str | None = None,
    weight: int = 0,
) -> Any:
    """Declare a root field that returns one row or a list of known length.

    to: a root, or a relation, from which a root is made with `about` and `prepare`, or what a function computes without
    a row; operations with that are answered by the loaders. sized_by: the argument that gives
    the length of the list: a number, or a list of the same length. weight: what the field adds to the cost beside its
    objects, because it aggregates.
    """
    size = ListSize(slicing_arguments=[sized_by]) if sized_by else None
    if isinstance(to, Relation):
        return _field(Root(to, about, prepare), description, requires, *arguments, size=size or _size(to))
    made = _field(to, description, requires, *arguments, size=size)
    made.directives = [*made.directives, *([Cost(weight=str(weight))] if weight else [])]
    return made


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
    """Declare a root field that is read in pages."""
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
