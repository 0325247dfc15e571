"""What a field of a row type stands for. Declared once with the type, read by every executor.

A row is seen through a `Frame`: the columns of its table and, beside them, the arguments that led to it. An expression,
a relation or a row predicate is a function of frames that gives SQL; it never holds a value of a request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, RelationshipProperty, aliased
from sqlalchemy.types import TypeEngine

from engine.declare.opaque import seal_in_sql
from engine.declare.sql import SQL

Audience = Any
"""The kind of caller that an answer is for, in the words of the service: predicates and plans are made for each."""


class Frame:
    """The columns of one row in a statement, by name.

    extras: arguments that stand beside them. hoisted: conditions on the row's subject that the statement has evaluated
    at another row of the same subject, by their key (`RowType.hoists`).
    """

    def __init__(
        self, row: Any, extras: Mapping[str, SQL] | None = None, hoisted: Mapping[Any, SQL] | None = None
    ) -> None:
        self.row, self.extras, self.hoisted = row, extras or {}, hoisted or {}

    def __getattr__(self, name: str) -> Any:
        if name in self.extras:
            return self.extras[name]
        return self.row.c[name] if isinstance(self.row, sa.FromClause) else getattr(self.row, name)


@dataclass(frozen=True)
class Column:
    """A column of the row's own table; until its class is declared, one without a name is that of its field."""

    name: str

    def sql(self, row: Frame, audience: Audience) -> SQL:
        """The column in this frame."""
        found: SQL = getattr(row, self.name)
        return found


@dataclass(frozen=True)
class Expression:
    """SQL over the row; what it gives may depend on who asks (masking)."""

    build: Callable[[Frame, Audience], SQL]

    def sql(self, row: Frame, audience: Audience) -> SQL:
        """The expression in this frame."""
        return self.build(row, audience)


Scalar = Column | Expression
Source = Callable[[Audience, Mapping[str, SQL]], Any]


@dataclass(frozen=True)
class Order:
    """A total order of rows: by these columns, then by key, all in one direction. No column may be null.

    total: no two rows have the same columns, so that the key is not needed.
    """

    columns: tuple[str, ...]
    descending: bool = False
    total: bool = False


@dataclass(frozen=True, eq=False)
class Relation:
    """An edge from a row to others.

    target: the model whose row type the edge leads to. keys: names and types of what the edge needs of its parent.
    on: the join. many: whether it leads to a list. connection: whether the list is paged. order: of a list.
    arguments: names and types of the arguments that `on` reads from the child's frame. source: the FROM element, where
    it is made anew for each parent. assumed: how many rows a list that is not paged is counted as.
    """

    target: type
    on: Callable[[Frame, Frame], SQL]
    keys: Mapping[str, TypeEngine[Any]]
    many: bool = False
    connection: bool = False
    orders: Mapping[str, Order] = field(default_factory=lambda: {"KEY": Order(())})
    filters: Mapping[str, Callable[[Frame, SQL], SQL]] = field(default_factory=dict)
    arguments: Mapping[str, TypeEngine[Any]] = field(default_factory=dict)
    source: Callable[[Frame, Audience, Mapping[str, SQL]], sa.Select[Any]] | None = None
    assumed: int = 5

    @property
    def order(self) -> Order:
        """The order where none is asked for: the first."""
        return next(iter(self.orders.values()))


@dataclass(frozen=True, eq=False)
class About:
    """Whom a row or a root's answer is about, for the access log: SQL over the row.

    subject: the key of the row's subject, or null; subjects: an array of keys, one entry each; without either, one
    entry stands for the whole answer. column: the column that `subject` reads, where it is one. details: what else the
    entry says, by names of the audit (`engine.audit.Audit.told`).
    """

    subject: Callable[[Frame], SQL] | None = None
    subjects: Callable[[Frame], SQL] | None = None
    column: str | None = None
    details: Mapping[str, Callable[[Frame], SQL]] = field(default_factory=dict)

    @classmethod
    def of(cls, column: str, **details: Callable[[Frame], SQL]) -> "About":
        """About the subject whose key stands in a column."""
        return cls(lambda row: getattr(row, column), None, column, details)

    @property
    def names_subjects(self) -> bool:
        """Whether there is an entry for each subject."""
        return bool(self.subject or self.subjects)

    def columns(self, row: Frame) -> Mapping[str, SQL]:
        """The named parts that are declared."""
        parts = {"subject": self.subject, "subjects": self.subjects, **self.details}
        return {name: build(row) for name, build in parts.items() if build is not None}


@dataclass(frozen=True, eq=False)
class Root:
    """A root field: a relation whose parent are the field's arguments. `about` is None if the answer is about nobody.

    prepare: turns the field's arguments into the values of `relation.keys` and the view they are seen from; pure
    Python, called with the arguments and the `Caller`.
    """

    relation: Relation
    about: About | None
    prepare: "Prepare | None" = None

    def prepared(self, arguments: Mapping[str, Any], caller: Any) -> "Prepared":
        """What the arguments come to, with the view that they are seen from. Raises what `prepare` raises."""
        found = self.prepare(arguments, caller) if self.prepare else Prepared(arguments)
        return found if found.view else replace(found, view=caller.view)


@dataclass(frozen=True)
class Prepared:
    """What a root's arguments come to. `view` is None for the caller's ordinary view.

    before: a statement that runs before any row is read, in the same transaction, with the same values.
    """

    values: Mapping[str, Any]
    view: Any = None
    before: sa.Update | None = None


Prepare = Callable[[Mapping[str, Any], Any], Prepared]
"""Makes the values of a root's keys from the arguments of its field and the `Caller`."""

ROW_TYPE = "__row_type__"
"""The attribute of a class that holds its `RowType` (`engine.declare.row_types`)."""

Predicate = Callable[[Frame, Audience], SQL]
"""Which rows of a type an audience may see."""


@dataclass(eq=False)
class RowType:
    """A GraphQL type whose objects are rows.

    source: the FROM element for an audience and the arguments that lead to it; an alias of the model unless rows are
    derived. seen_by: the row predicate, applied wherever a statement touches the rows. about: of a single row.
    subject: the column that names the subject a row is, or is about. hoists: conditions on the subject that predicates
    of other types repeat; a statement evaluates them once for each row of this type (`Frame.hoisted`).
    names: discriminator value to GraphQL type name, for an interface; else empty. scalars and relations: the declared
    fields by Python name, those of an interface's implementations included.
    """

    model: type
    name: str
    source: Source
    seen_by: Predicate
    about: About | None = None
    subject: str | None = None
    hoists: Callable[[Frame, Audience], Mapping[Any, SQL]] | None = None
    key: str | None = "id"
    discriminator: str | None = None
    names: dict[Any, str] = field(default_factory=dict)
    scalars: dict[str, Scalar] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.subject is None and self.about:
            self.subject = self.about.column
        if key := self.key:
            self.scalars["id"] = Expression(lambda row, audience: write_node_id(self.name, getattr(row, key)))

    @cached_property
    def hidden(self) -> Mapping[str, None]:
        """Names that relations need of a row, whether or not GraphQL shows them."""
        names = {name: None for relation in self.relations.values() for name in relation.keys}
        extra = [name for name in (self.key, self.discriminator, self.subject) if name]
        return names | dict.fromkeys(extra)

    def columns(self, row: Frame, audience: Audience) -> Sequence[SQL]:
        """All scalar fields of the type and what its relations need, labelled."""
        shown = [scalar.sql(row, audience).label(name) for name, scalar in self.scalars.items()]
        return [*shown, *(getattr(row, name).label(f"_{name}") for name in self.hidden)]


@dataclass(frozen=True)
class TableRows:
    """The FROM element of a mapped model: an alias of its table."""

    model: type

    def __call__(self, audience: Audience, arguments: Mapping[str, SQL]) -> Any:
        """The alias, a new one each time."""
        return aliased(self.model)


def write_node_id(name: str, key: SQL) -> SQL:
    """SQL for the opaque, globally unique id of a row (Relay)."""
    return seal_in_sql(sa.func.concat(name, ":", key))


def read_relationship(attribute: InstrumentedAttribute[Any]) -> Relation:
    """The relation that a mapped relationship describes."""
    relationship = attribute.property
    assert isinstance(relationship, RelationshipProperty)  # noqa: S101 - a mistake in a declaration, found on import
    mapper = relationship.parent
    pairs = [(mapper.get_property_by_column(local), remote) for local, remote in relationship.local_remote_pairs]
    names = [(local.key, relationship.mapper.get_property_by_column(remote).key) for local, remote in pairs]

    def on(parent: Frame, child: Frame) -> SQL:
        return sa.and_(*(getattr(parent, local) == getattr(child, remote) for local, remote in names))

    return Relation(
        target=relationship.mapper.class_,
        on=on,
        keys={local.key: local.columns[0].type for local, _ in pairs},
        many=bool(relationship.uselist),
    )
