"""Schema directives: required scopes, and costs (IBM GraphQL Cost Directives)."""

import strawberry
from strawberry.schema_directive import Location

from engine.policy import OPEN, Requirement


@strawberry.schema_directive(
    locations=[
        Location.OBJECT,
        Location.INTERFACE,
        Location.FIELD_DEFINITION,
        Location.INPUT_OBJECT,
        Location.ARGUMENT_DEFINITION,
    ],
    name="requiresScopes",
    description="Reading this needs all scopes of any one of the lists.",
)
class RequiresScopes:
    """`@requiresScopes(scopes: [["a", "b"], ["c"]])`: a and b, or c."""

    scopes: list[list[str]]

    @classmethod
    def of(cls, requirement: Requirement) -> "RequiresScopes":
        """Return the directive of a requirement, with scopes in alphabetical order."""
        return cls(scopes=[sorted(scopes) for scopes in requirement])

    @classmethod
    def list_for(cls, requirement: Requirement) -> "list[RequiresScopes]":
        """Return the directives of a requirement: none if it is open."""
        return [] if requirement == OPEN else [cls.of(requirement)]


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    name="cost",
    description="What one object of the type, or one such field, adds to the cost of an operation; else 1 and 0.",
)
class Cost:
    """`@cost(weight: "10")`."""

    weight: str


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="As how many a list counts: by an argument, a number or a list of that length, or as assumed.",
)
class ListSize:
    """`@listSize(slicingArguments: ["first"], sizedFields: ["nodes", "edges"])`, or `@listSize(assumedSize: 5)`."""

    assumed_size: int | None = strawberry.UNSET
    slicing_arguments: list[str] | None = strawberry.UNSET
    sized_fields: list[str] | None = strawberry.UNSET


PAGED = ListSize(slicing_arguments=["first"], sized_fields=["nodes", "edges"])
