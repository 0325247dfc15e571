"""The authenticated client, and who signed in."""

from datetime import datetime

import strawberry

from auth.audiences import Audience, Purpose
from auth.principal import Principal
from engine.declare.fields import Info
from engine.policy import OPEN, require
from models.court import StaffRole


def _scopes(root: strawberry.Parent[Principal]) -> list[str]:
    return sorted(root.scopes)


def _purposes(root: strawberry.Parent[Principal]) -> list[Purpose]:
    return sorted(root.purposes)


def _officer(root: strawberry.Parent[Principal]) -> "ViewingOfficer | None":
    if root.officer is None:
        return None
    return ViewingOfficer(name=root.officer_name, role=root.officer.role, court_code=root.officer.court_code)


@strawberry.type(description="Who signed in (登录人员).")
class ViewingOfficer:
    """The member of a court's staff whose token this is."""

    name: str = strawberry.field(description="Your name (姓名).")
    role: StaffRole = strawberry.field(description="Your role: it decides which steps you may take (岗位).")
    court_code: str = strawberry.field(description="Code of your court (所属法院代码).")


@strawberry.type(description="Who you are to this service (接入方身份).")
class Viewer:
    """The authenticated client."""

    client_id: str = strawberry.field(description="Your OAuth client identifier.")
    name: str = strawberry.field(description="The name you are registered under (名称).")
    audience: Audience = strawberry.field(description="Your kind (类型).")
    scopes: list[str] = strawberry.field(resolver=_scopes, description="What this token grants (权限范围).")
    purposes: list[Purpose] = strawberry.field(resolver=_purposes, description="The purposes you may name (用途).")
    officer: ViewingOfficer | None = strawberry.field(
        resolver=_officer, description="The person who signed in; null for a token of the client's own (登录人员)."
    )
    expires_at: datetime | None = strawberry.field(description="When this token expires (令牌到期时间).")


require(Viewer, OPEN)
require(ViewingOfficer, OPEN)


def get_viewer(info: Info) -> Viewer:
    """Return the principal, whose attributes are the fields."""
    return info.context.caller.principal  # type: ignore[no-any-return]  # a principal has the fields of the type
