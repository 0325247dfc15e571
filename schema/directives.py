"""Schema directives that say in the SDL what the policy table holds."""

import strawberry
from strawberry.schema_directive import Location

from auth.policy import Requirement


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
        """The directive of a requirement, in a fixed order."""
        return cls(scopes=[sorted(scopes) for scopes in requirement])
