"""The policy table: which scopes reading a type needs, and then a field of it. What is not in the table is denied.

Keys are GraphQL schema coordinates ("Book", "Book.price", "Shelf.books(first:)"), plain text here. The entries come
from the declarations of a schema (`policy_of`), so that a field and its requirement are written in one line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter

Requirement = tuple[frozenset[str], ...]
"""Any one of these sets of scopes, each in full: the OR of ANDs that `@requiresScopes` prints."""


def all_of(*scopes: str) -> Requirement:
    """A requirement that every one of `scopes` is held."""
    return (frozenset(scopes),)


def any_of(*scopes: str) -> Requirement:
    """A requirement that at least one of `scopes` is held."""
    return tuple(frozenset({scope}) for scope in scopes)


def combine(first: Requirement, second: Requirement) -> Requirement:
    """A requirement that both of these are met, without alternatives that ask for more than another does."""
    met = {one | other for one in first for other in second}
    least = (scopes for scopes in met if not any(other < scopes for other in met))
    return tuple(sorted(least, key=lambda scopes: (len(scopes), sorted(scopes))))


OPEN: Requirement = (frozenset(),)
"""A requirement that every authenticated client meets."""


DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF
"""Where strawberry keeps its own declaration of a type, a field or an argument."""

REQUIRES = "__requires__"
"""The attribute of a class that holds what reading its type needs; `require` sets it."""


def require(cls: Any, requirement: Requirement) -> None:
    """State what reading the GraphQL type of `cls` needs. A type that states nothing is denied."""
    setattr(cls, REQUIRES, requirement)


class UndeclaredError(LookupError):
    """A coordinate that the policy does not know: a mistake in the schema, never an answer."""


@dataclass
class Policy:
    """Requirements by schema coordinate."""

    requirements: dict[str, Requirement] = field(default_factory=dict)

    def declare(self, coordinate: str, requirement: Requirement) -> None:
        """Enter `requirement`. Raises ValueError for a second, different one at the same coordinate."""
        if self.requirements.setdefault(coordinate, requirement) != requirement:
            raise ValueError(f"{coordinate} has two requirements")

    def required(self, coordinate: str) -> list[Requirement]:
        """All requirements at a coordinate: its type's, its own, and nothing less.

        Raises UndeclaredError for a coordinate that was never declared.
        """
        type_name = coordinate.partition(".")[0]
        wanted = [type_name] if coordinate == type_name else [type_name, coordinate]
        if "(" in coordinate:
            wanted = [coordinate]
        try:
            return [self.requirements[name] for name in wanted]
        except KeyError as missing:
            raise UndeclaredError(f"{missing.args[0]} has no policy") from None

    def missing(self, coordinates: Iterable[str], held: frozenset[str]) -> Mapping[str, frozenset[str]]:
        """The coordinates that `held` does not reach, each with the scopes that are wanting.

        Where there is a choice, one that serves other coordinates as well is named.
        """
        wanted = {coordinate: self.required(coordinate) for coordinate in coordinates}
        enough = held
        for requirement in sorted((one for found in wanted.values() for one in found), key=len):
            enough |= _nearest(requirement, enough, enough)
        lacking = {coordinate: _lacking(found, held, enough) for coordinate, found in wanted.items()}
        return {coordinate: scopes for coordinate, scopes in lacking.items() if scopes}

    def permits(self, coordinate: str, held: frozenset[str]) -> bool:
        """Whether `held` reaches `coordinate`."""
        return not _lacking(self.required(coordinate), held, held)


def _lacking(requirements: Iterable[Requirement], held: frozenset[str], enough: frozenset[str]) -> frozenset[str]:
    """What `held` lacks of all these requirements, out of `enough` where that will do."""
    return frozenset().union(*(_nearest(requirement, held, enough) - held for requirement in requirements))


def _nearest(requirement: Requirement, held: frozenset[str], enough: frozenset[str]) -> frozenset[str]:
    """The choice that adds the least to `enough`, then to `held`; of several, the first by name."""
    return min(requirement, key=lambda choice: (len(choice - enough), len(choice - held), sorted(choice - held)))


def build_policy(schema: GraphQLSchema) -> Policy:
    """The requirements that the types, fields and arguments of a strawberry schema state."""
    policy = Policy()
    for kind in schema.type_map.values():
        definition = kind.extensions.get(DEFINITION)
        generic = getattr(definition, "concrete_of", None)
        origin = getattr(generic or definition, "origin", None)
        if REQUIRES in vars(origin or object):
            policy.declare(kind.name, getattr(origin, REQUIRES))
            _declare_fields(policy, kind)
    return policy


def _declare_fields(policy: Policy, kind: Any) -> None:
    for name, field_ in kind.fields.items():
        coordinate = f"{kind.name}.{name}"
        policy.declare(coordinate, _stated(field_))
        for argument, one in getattr(field_, "args", {}).items():
            policy.declare(f"{coordinate}({argument}:)", _stated(one))


def _stated(declared: Any) -> Requirement:
    """What a field, an argument or a field of an input needs by its own declaration."""
    definition = declared.extensions[DEFINITION]
    assert not getattr(definition, "by_type", None) or definition.requirement  # noqa: S101 - `row_types.enter` decided
    return getattr(definition, "requirement", None) or getattr(definition, "metadata", {}).get("requires") or OPEN
