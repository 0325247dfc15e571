"""What the fields of row types stand for. Plans and loaders both read these declarations.

Expressions, relations and row predicates are functions of frames that return SQL. They contain no values of a request.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, RelationshipProperty, aliased
from sqlalchemy.types import TypeEngine

from engine.declare.opaque import seal_in_sql, seal_number_in_sql
from engine.declare.sql import SQL

Audience = Any
"""The kind of caller, as the service defines it. Predicates and plans are compiled for each."""


class Frame:
    """The columns of one row in a statement, by name.

    extras: arguments of the relation, read like columns. hoisted: conditions on the subject that the statement has
    already evaluated, by key (`RowType.hoists`). joiner: joins a select to the row, in plans.
    """

    def __init__(
        self, row: Any, extras: Mapping[str, SQL] | None = None, hoisted: Mapping[Any, SQL] | None = None
    ) -> None:
        self.row, self.extras, self.hoisted = row, extras or {}, hoisted or {}
        self.joiner: Joiner | None = None

    def __getattr__(self, name: str) -> Any:
        if name in self.extras:
            return self.extras[name]
        return self.row.c[name] if isinstance(self.row, sa.FromClause) else getattr(self.row, name)

    def find(self, name: str) -> SQL | None:
        """Return a column that only some sources of the row have; None if this one has not."""
        columns = self.row.c if isinstance(self.row, sa.FromClause) else self.row
        found: SQL | None = getattr(columns, name, None)
        return found

    def join(self, select: "Beside") -> "Frame | None":
        """Return the columns of a select with at most one row beside this one. A statement joins it once, whatever
        reads it. None if the statement cannot join."""
        return self.joiner(select) if self.joiner else None


Beside = Callable[[Frame], sa.Select[Any]]
Joiner = Callable[[Beside], Frame]


@dataclass(frozen=True)
class Column:
    """A column of the row's table. Without a name, it is the column of the field's name."""

    name: str

    def sql(self, row: Frame, audience: Audience) -> SQL:
        """Return the column of a row."""
        found: SQL = getattr(row, self.name)
        return found


@dataclass(frozen=True)
class Expression:
    """SQL over a row. It may depend on the audience."""

    build: Callable[[Frame, Audience], SQL]

    def sql(self, row: Frame, audience: Audience) -> SQL:
        """Return the expression for a row."""
        return self.build(row, audience)


@dataclass(frozen=True)
class Computed:
    """A field that a function computes from columns of the row. It has no plan: the loaders answer it.

    needs: names of the columns. compute: takes the context of the request and the values of the columns.
    """

    needs: tuple[str, ...]
    compute: Callable[[Any, tuple[Any, ...]], Coroutine[Any, Any, Any]]


@dataclass(frozen=True)
class Derived(Computed):
    """A computed field with arguments, which are those of `derive` after the context and the row."""

    needs: tuple[str, ...] = ()
    compute: Callable[..., Coroutine[Any, Any, Any]] = field(kw_only=True)


Scalar = Column | Expression
Source = Callable[[Audience, Mapping[str, SQL]], Any]


@dataclass(frozen=True)
class Order:
    """A total order of rows: by the columns, then by the key. The columns must not be null.

    descending: of all columns. total: the columns are unique, so that the key is not appended.
    """

    columns: tuple[str, ...]
    descending: bool = False
    total: bool = False


@dataclass(frozen=True, eq=False)
class Relation:
    """An edge from a row to other rows.

    target: the model of the other rows. on: the join condition. keys: names and types of the parent's columns that `on`
    reads. many: whether the edge leads to a list. connection: whether the list is paged. orders: of a list, by name.
    filters: conditions by name. arguments: names and types of arguments that `on` reads from the child's frame. source:
    makes the FROM element for each parent. read: selects the rows from what the parent holds already; plans use it
    instead of the table, unless it returns None. assumed: the length of an unpaged list in the cost.
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
    read: Callable[[Frame, Audience], sa.Select[Any] | None] | None = None
    assumed: int = 5

    @property
    def order(self) -> Order:
        """The default order: the first one."""
        return next(iter(self.orders.values()))


@dataclass(frozen=True, eq=False)
class About:
    """The subjects of a row or of a root's answer, for the access log: SQL over the row.

    subject: the key of the subject, or null. subjects: an array of keys, with one entry each. Without both, the answer
    has one entry. column: the column that `subject` reads, if it is one. details: further values of the entry
    (`engine.audit.Audit.told`).
    """

    subject: Callable[[Frame], SQL] | None = None
    subjects: Callable[[Frame], SQL] | None = None
    column: str | None = None
    details: Mapping[str, Callable[[Frame], SQL]] = field(default_factory=dict)

    @classmethod
    def of(cls, column: str, **details: Callable[[Frame], SQL]) -> "About":
        """The subject is the one whose key is in a column."""
        return cls(lambda row: getattr(row, column), None, column, details)

    @property
    def names_subjects(self) -> bool:
        """Whether there is an entry for each subject."""
        return bool(self.subject or self.subjects)

    def columns(self, row: Frame) -> Mapping[str, SQL]:
        """Return the declared values by name."""
        parts = {"subject": self.subject, "subjects": self.subjects, **self.details}
        return {name: build(row) for name, build in parts.items() if build is not None}


@dataclass(frozen=True, eq=False)
class Root:
    """A root field: a relation whose parent is the arguments of the field. `about` is None if the answer has no
    subject.
    """

    relation: Relation
    about: About | None
    prepare: "Prepare | None" = None

    def prepare_values(self, arguments: Mapping[str, Any], caller: Any) -> "Prepared":
        """Return the values of the relation's keys and the view. Raises what `prepare` raises."""
        found = self.prepare(arguments, caller) if self.prepare else Prepared(arguments)
        return found if found.view else replace(found, view=caller.view)


@dataclass(frozen=True)
class Prepared:
    """The values of a root's keys. `view` is None for the ordinary view of the caller.

    before: a statement to execute before rows are read, in the same transaction and with the same values.
    """

    values: Mapping[str, Any]
    view: Any = None
    before: sa.Update | None = None


Prepare = Callable[[Mapping[str, Any], Any], Prepared]
"""Makes the values of a root's keys from the arguments of its field and the caller."""

ROW_TYPE = "__row_type__"
"""The attribute of a class that holds its `RowType`."""

Predicate = Callable[[Frame, Audience], SQL]
"""Returns the condition for the rows of a type that an audience may see."""


@dataclass(eq=False)
class RowType:
    """A GraphQL type whose objects are rows.

    source: makes the FROM element for an audience and arguments; an alias of the model by default. seen_by: the row
    predicate, applied in every statement. about: of a single row. subject: the column of the row's subject. hoists:
    conditions on the subject that predicates of other types repeat; a statement evaluates them once for each row, and
    reads them if they are columns of the row. key:
    the column of the id. by_keys: finds rows by an array of keys, if the key has no index of its own. discriminator: of
    an interface, the column of the type. names: of an interface, GraphQL type names by discriminator value. scalars,
    relations, computed: declared fields by Python name, including those of implementing types.
    """

    model: type
    name: str
    source: Source
    seen_by: Predicate
    about: About | None = None
    subject: str | None = None
    hoists: Callable[[Frame, Audience], Mapping[Any, SQL]] | None = None
    key: str | None = "id"
    by_keys: Callable[[Frame, SQL], SQL] | None = None
    discriminator: str | None = None
    names: dict[Any, str] = field(default_factory=dict)
    scalars: dict[str, Scalar] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)
    computed: dict[str, Computed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.subject is None and self.about:
            self.subject = self.about.column
        if key := self.key:
            self.scalars["id"] = Expression(lambda row, audience: write_node_id(self.name, getattr(row, key)))

    @cached_property
    def hidden(self) -> Mapping[str, None]:
        """Names of the columns that relations, computed fields and the log need, whether or not they are fields."""
        names = {name: None for relation in self.relations.values() for name in relation.keys}
        names |= {name: None for one in self.computed.values() for name in one.needs}
        extra = [name for name in (self.key, self.discriminator, self.subject) if name]
        return names | dict.fromkeys(extra)

    def columns(self, row: Frame, audience: Audience) -> Sequence[SQL]:
        """Return all scalar fields and hidden columns with labels."""
        shown = [scalar.sql(row, audience).label(name) for name, scalar in self.scalars.items()]
        return [*shown, *(getattr(row, name).label(f"_{name}") for name in self.hidden)]


@dataclass(frozen=True)
class TableRows:
    """The FROM element of a mapped model."""

    model: type

    def __call__(self, audience: Audience, arguments: Mapping[str, SQL]) -> Any:
        """Return a new alias of the table."""
        return aliased(self.model)


def write_node_id(name: str, key: SQL) -> SQL:
    """Return SQL for the opaque id of a row (Relay)."""
    if isinstance(key.type, sa.Integer):
        return seal_number_in_sql(name, key)
    return seal_in_sql(sa.func.concat(name, ":", key))


def read_relationship(attribute: InstrumentedAttribute[Any]) -> Relation:
    """Return the relation of a mapped relationship."""
    relationship = attribute.property
    assert isinstance(relationship, RelationshipProperty)  # noqa: S101 - an error in a declaration, raised on import
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
