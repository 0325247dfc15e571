"""The authenticated client."""

import strawberry

from auth.audiences import Audience, Purpose
from auth.principal import Principal
from engine.declare.fields import Info
from engine.policy import OPEN, require


def _scopes(root: strawberry.Parent[Principal]) -> list[str]:
    return sorted(root.scopes)


def _purposes(root: strawberry.Parent[Principal]) -> list[Purpose]:
    return sorted(root.purposes)


@strawberry.type(description="Who you are to this service (接入方身份).")
class Viewer:
    """The authenticated client."""

    client_id: str = strawberry.field(description="Your OAuth client identifier.")
    name: str = strawberry.field(description="The name you are registered under (名称).")
    audience: Audience = strawberry.field(description="Your kind (类型).")
    scopes: list[str] = strawberry.field(resolver=_scopes, description="What this token grants (权限范围).")
    purposes: list[Purpose] = strawberry.field(resolver=_purposes, description="The purposes you may name (用途).")


require(Viewer, OPEN)


def get_viewer(info: Info) -> Viewer:
    """Return the principal, whose attributes are the fields."""
    return info.context.caller.principal  # type: ignore[no-any-return]  # a principal has the fields of the type
