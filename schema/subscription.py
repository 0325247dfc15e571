"""The subscription type."""

from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation

from engine.declare.connections import Edge
from engine.declare.directives import RequiresScopes
from engine.declare.fields import DeclaredField, argument
from engine.policy import OPEN, Requirement, require
from schema.partners.event import Event
from schema.register.subject import AccessInput
from schema.requirements import EVENT


class LiveField(DeclaredField):
    """A root field with a stream of values. Each is the root of its own execution (`transport.subscriptions`)."""

    @property
    def is_basic_field(self) -> bool:
        """False, because the value is the root itself."""
        return False

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Return the current value."""
        return source


def live(shows: Any, description: str, *arguments: Any, requires: Requirement) -> Any:
    """Declare a field of the subscription type."""
    made = LiveField(
        description=description, directives=[RequiresScopes.of(requires)], type_annotation=StrawberryAnnotation(shows)
    )
    made.requirement, made.arguments = requires, list(arguments)
    return made


@strawberry.type(description="What is told as it happens (订阅), by graphql-transport-ws or by server-sent events.")
class Subscription:
    """The root fields."""

    events = live(
        Edge[Event],
        "Each event that `events` lists, as soon as it is committed, at least once, in order. Keep the `cursor` of the "
        "last one, and begin after it the next time (变更事件订阅).",
        argument("after", str | None, "The cursor of the last event that you have; from now on by default.", None),
        argument("access", AccessInput | None, "The purpose that a person's consent names (查询事由).", None),
        requires=EVENT,
    )


require(Subscription, OPEN)
