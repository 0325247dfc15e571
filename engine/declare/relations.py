"""What a field of a row type stands for. Declared once in `schema/`, read by every executor.

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

from auth.audiences import Audience
from auth.scopes import Scope
from engine.declare.opaque import sealed
from engine.declare.sql import SQL
from models.party import Party


class Frame:
    """The columns of one row in a statement, by name.

    extras: arguments that stand beside them. reached: by scope, whether the row's party is reached, where the statement
    has found that out at another row of the party (`resolvers.visibility.reach`).
    """

    def __init__(
        self, row: Any, extras: Mapping[str, SQL] | None = None, reached: Mapping[Scope | None, SQL] | None = None
    ) -> None:
        self.row, self.extras, self.reached = row, extras or {}, reached or {}

    def __getattr__(self, name: str) -> Any:
        if name in self.extras:
            return self.extras[name]
        return self.row.c[name] if isinstance(self.row, sa.FromClause) else getattr(self.row, name)


@dataclass(frozen=True)
class Column:
    """A column of the row's own table."""

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


@dataclass(frozen=True)
class About:
    """Whom a root's answer is about, for the access log (R19): SQL over the root's row.

    party: the key of the row's party, or null; parties: an array of keys, one entry each; without either, one entry
    stands for the whole answer. index: keyed hash of a number that may be nobody's yet. result: an `AccessResult`,
    where the row knows better than "given". consent, share_code, reference, relation: of the entry.
    """

    party: Callable[[Frame], SQL] | None = None
    parties: Callable[[Frame], SQL] | None = None
    index: Callable[[Frame], SQL] | None = None
    result: Callable[[Frame], SQL] | None = None
    consent: Callable[[Frame], SQL] | None = None
    share_code: Callable[[Frame], SQL] | None = None
    reference: Callable[[Frame], SQL] | None = None
    relation: Callable[[Frame], SQL] | None = None

    @property
    def names_parties(self) -> bool:
        """Whether there is an entry for each party."""
        return bool(self.party or self.parties)

    def columns(self, row: Frame) -> Mapping[str, SQL]:
        """The named parts that this root declares."""
        parts = {
            "party_id": self.party,
            "parties": self.parties,
            "index": self.index,
            "result": self.result,
            "consent": self.consent,
            "share_code": self.share_code,
            "reference": self.reference,
            "relation": self.relation,
        }
        return {name: build(row) for name, build in parts.items() if build is not None}


@dataclass(frozen=True, eq=False)
class Root:
    """A root field: a relation whose parent are the field's arguments. `about` is None if the answer is about nobody.

    prepare: turns the field's arguments into the values of `relation.keys` and the view they are seen from; pure
    Python, called with the arguments and the `Caller`.
    """

    relation: Relation
    about: About | None
    prepare: Callable[[Mapping[str, Any], Any], "Prepared"] | None = None

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


@dataclass(eq=False)
class RowType:
    """A GraphQL type whose objects are rows.

    source: the FROM element for an audience and the arguments that lead to it; an alias of the model unless rows are
    derived.
    names: discriminator value to GraphQL type name, for an interface; else empty. scalars and relations: the declared
    fields by Python name, those of an interface's implementations included.
    """

    model: type
    name: str
    source: Source
    key: str | None = "id"
    discriminator: str | None = None
    names: dict[Any, str] = field(default_factory=dict)
    scalars: dict[str, Scalar] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)

    @cached_property
    def party(self) -> str | None:
        """The column that names the party a row is, or is about."""
        if self.model is Party:
            return "id"
        return "party_id" if hasattr(self.model, "party_id") else None

    @cached_property
    def hidden(self) -> Mapping[str, None]:
        """Names that relations need of a row, whether or not GraphQL shows them."""
        names = {name: None for relation in self.relations.values() for name in relation.keys}
        extra = [name for name in (self.key, self.discriminator, self.party) if name]
        return names | dict.fromkeys(extra)

    def columns(self, row: Frame, audience: Audience) -> Sequence[SQL]:
        """All scalar fields of the type and what its relations need, labelled."""
        shown = [scalar.sql(row, audience).label(name) for name, scalar in self.scalars.items()]
        return [*shown, *(getattr(row, name).label(f"_{name}") for name in self.hidden)]


ROW_TYPES: dict[type, RowType] = {}
"""Row types by model; filled by the declarations in `schema/`."""


def declare_row_type(model: type, name: str, source: Source | None, key: str | None) -> RowType:
    """Enter the row type of `model`, once."""
    if model in ROW_TYPES:
        raise ValueError(f"{model.__name__} is declared twice")
    row_type = RowType(model, name, source or (lambda audience, arguments: aliased(model)), key)
    if key:
        row_type.scalars["id"] = Expression(lambda row, audience: node_id(name, getattr(row, key)))
    ROW_TYPES[model] = row_type
    return row_type


def node_id(name: str, key: SQL) -> SQL:
    """SQL for the opaque, globally unique id of a row (Relay)."""
    return sealed(sa.func.concat(name, ":", key))


def join_of(attribute: InstrumentedAttribute[Any]) -> Relation:
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
