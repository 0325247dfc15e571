"""The policy table: what a token must hold to read a type, and then a field of it. What is not in it is denied.

Keys are GraphQL schema coordinates ("Deduction", "Deduction.points", "Party.creditCode(asOf:)"), plain text here. The
entries come from the declarations in `schema/`, so that a field and its requirement are written in one line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from auth.scopes import Scope

Requirement = tuple[frozenset[Scope], ...]
"""Any one of these sets of scopes, each in full: the OR of ANDs that `@requiresScopes` prints."""


def all_of(*scopes: Scope) -> Requirement:
    """A requirement that every one of `scopes` is held."""
    return (frozenset(scopes),)


def any_of(*scopes: Scope) -> Requirement:
    """A requirement that at least one of `scopes` is held."""
    return tuple(frozenset({scope}) for scope in scopes)


def both(first: Requirement, second: Requirement) -> Requirement:
    """A requirement that both of these are met, without alternatives that ask for more than another does."""
    met = {one | other for one in first for other in second}
    least = (scopes for scopes in met if not any(other < scopes for other in met))
    return tuple(sorted(least, key=lambda scopes: (len(scopes), sorted(scopes))))


OPEN: Requirement = (frozenset(),)
"""A requirement that every authenticated client meets."""


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

    def missing(self, coordinates: Iterable[str], held: frozenset[Scope]) -> Mapping[str, frozenset[Scope]]:
        """The coordinates that `held` does not reach, each with the scopes that are wanting.

        Where there is a choice, one that serves other coordinates as well is named.
        """
        wanted = {coordinate: self.required(coordinate) for coordinate in coordinates}
        enough = held
        for requirement in sorted((one for found in wanted.values() for one in found), key=len):
            enough |= _nearest(requirement, enough, enough)
        lacking = {coordinate: _lacking(found, held, enough) for coordinate, found in wanted.items()}
        return {coordinate: scopes for coordinate, scopes in lacking.items() if scopes}

    def permits(self, coordinate: str, held: frozenset[Scope]) -> bool:
        """Whether `held` reaches `coordinate`."""
        return not _lacking(self.required(coordinate), held, held)


def _lacking(requirements: Iterable[Requirement], held: frozenset[Scope], enough: frozenset[Scope]) -> frozenset[Scope]:
    """What `held` lacks of all these requirements, out of `enough` where that will do."""
    return frozenset().union(*(_nearest(requirement, held, enough) - held for requirement in requirements))


def _nearest(requirement: Requirement, held: frozenset[Scope], enough: frozenset[Scope]) -> frozenset[Scope]:
    """The choice that adds the least to `enough`, then to `held`; of several, the first by name."""
    return min(requirement, key=lambda choice: (len(choice - enough), len(choice - held), sorted(choice - held)))


POLICY = Policy()
"""The one table."""
