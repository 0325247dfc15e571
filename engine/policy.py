"""The policy table: the scopes that types, fields and arguments require. Everything else is denied.

Keys are GraphQL schema coordinates, such as "Book", "Book.price" and "Shelf.books(first:)". The declarations of a
schema contain the requirements (`build_policy`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter

Requirement = tuple[frozenset[str], ...]
"""Alternative sets of scopes, as in `@requiresScopes`."""


def all_of(*scopes: str) -> Requirement:
    """Return a requirement of all `scopes`."""
    return (frozenset(scopes),)


def any_of(*scopes: str) -> Requirement:
    """Return a requirement of at least one of `scopes`."""
    return tuple(frozenset({scope}) for scope in scopes)


def combine(first: Requirement, second: Requirement) -> Requirement:
    """Return a requirement of both, without redundant alternatives."""
    met = {one | other for one in first for other in second}
    least = (scopes for scopes in met if not any(other < scopes for other in met))
    return tuple(sorted(least, key=lambda scopes: (len(scopes), sorted(scopes))))


OPEN: Requirement = (frozenset(),)
"""The requirement that every authenticated client meets."""


DEFINITION = GraphQLCoreConverter.DEFINITION_BACKREF
"""The key of strawberry's definition in the extensions of a type, a field or an argument."""

REQUIRES = "__requires__"
"""The attribute of a class that holds the requirement of its type."""


def require(cls: Any, requirement: Requirement) -> None:
    """Set the requirement of the GraphQL type of `cls`. A type without a requirement is denied."""
    setattr(cls, REQUIRES, requirement)


class UndeclaredError(LookupError):
    """A coordinate has no requirement. This is an error in the schema."""


@dataclass
class Policy:
    """Requirements by schema coordinate."""

    requirements: dict[str, Requirement] = field(default_factory=dict)

    def declare(self, coordinate: str, requirement: Requirement) -> None:
        """Add a requirement. Raises ValueError if the coordinate has a different one."""
        if self.requirements.setdefault(coordinate, requirement) != requirement:
            raise ValueError(f"{coordinate} has two requirements")

    def get_requirements(self, coordinate: str) -> list[Requirement]:
        """Return all requirements at a coordinate, including that of its type.

        Raises UndeclaredError if a requirement is missing.
        """
        wanted = {coordinate} if "(" in coordinate else {coordinate.partition(".")[0], coordinate}
        try:
            return [self.requirements[name] for name in sorted(wanted)]
        except KeyError as missing:
            raise UndeclaredError(f"{missing.args[0]} has no policy") from None

    def find_missing(
        self, coordinates: Iterable[str], held: frozenset[str], within: frozenset[str] | None = None
    ) -> Mapping[str, frozenset[str]]:
        """Return the coordinates that `held` does not reach, each with the missing scopes.

        Of alternatives, those in `within` are considered if there are any, and one that also serves other coordinates
        is preferred.
        """
        stated = {coordinate: self.get_requirements(coordinate) for coordinate in coordinates}
        wanted = {name: [_obtainable(one, within) for one in found] for name, found in stated.items()}
        enough = held
        for requirement in sorted((one for found in wanted.values() for one in found), key=len):
            enough |= _nearest(requirement, enough, enough)
        lacking = {coordinate: _lacking(found, held, enough) for coordinate, found in wanted.items()}
        return {coordinate: scopes for coordinate, scopes in lacking.items() if scopes}

    def permits(self, coordinate: str, held: frozenset[str]) -> bool:
        """Return whether `held` reaches `coordinate`."""
        return not _lacking(self.get_requirements(coordinate), held, held)


def _obtainable(requirement: Requirement, within: frozenset[str] | None) -> Requirement:
    """Return the alternatives in `within`; all if there are none, or if `within` is None."""
    if within is None:
        return requirement
    return tuple(choice for choice in requirement if choice <= within) or requirement


def _lacking(requirements: Iterable[Requirement], held: frozenset[str], enough: frozenset[str]) -> frozenset[str]:
    """Return the scopes that `held` lacks for these requirements, chosen from `enough` if possible."""
    return frozenset().union(*(_nearest(requirement, held, enough) - held for requirement in requirements))


def _nearest(requirement: Requirement, held: frozenset[str], enough: frozenset[str]) -> frozenset[str]:
    """Return the alternative that adds the fewest scopes to `enough`, then to `held`, then the first by name."""
    return min(requirement, key=lambda choice: (len(choice - enough), len(choice - held), sorted(choice - held)))


def build_policy(schema: GraphQLSchema) -> Policy:
    """Build the policy of a strawberry schema from its declarations."""
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
    """Return the requirement of a field, an argument or an input field."""
    definition = declared.extensions[DEFINITION]
    assert not getattr(definition, "by_type", None) or definition.requirement  # noqa: S101 - set by `row_types`
    return getattr(definition, "requirement", None) or getattr(definition, "metadata", {}).get("requires") or OPEN
