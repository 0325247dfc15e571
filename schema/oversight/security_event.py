"""Security events, for auditors."""

from datetime import datetime
from typing import Any

import models
from auth.scopes import Scope
from engine.declare.fields import column, expression
from engine.declare.filters import Filters, filter_by, filter_input
from engine.declare.nodes import Node
from engine.declare.relations import Frame
from engine.declare.row_types import row_type
from engine.declare.sql import SQL
from engine.policy import all_of
from models.security_event import SecurityAct, SecurityResult, SecurityRoad
from resolvers.oversight import security_events
from resolvers.oversight.security_events import may_see_security_event
from resolvers.visibility.about import ABOUT_NOBODY


@row_type(models.SecurityEvent, seen_by=may_see_security_event, about=ABOUT_NOBODY, requires=all_of(Scope.AUDIT))
class SecurityEvent(Node):
    """A sign-in or an act of administration, done or refused (安全审计事件). Kept without end, and never changed."""

    at: datetime = column("When, by the clock of the database (时间).")
    act: SecurityAct = column("What was done or tried (行为).")
    result: SecurityResult = column("Whether it was done (结果).")
    road: SecurityRoad = column("By which road (途径).")
    operator: str | None = column(
        "Who: a user name, the identifier of a client, or who gave a command (操作人); null if nobody is known."
    )
    source: str = column("From where: an address, or account and machine of a command (来源).")
    subject: str | None = column("What it was done to, such as `client demo-bank` (对象).")
    before: str | None = expression(security_events.write_before, "What was before, as JSON without secrets (变更前).")
    after: str | None = expression(security_events.write_after, "What is since, as JSON without secrets (变更后).")
    reason: str | None = column("Why it was refused (拒绝原因).")


def _is_since(row: Frame, value: Any) -> SQL:
    return row.at >= value  # type: ignore[no-any-return]


def _is_before(row: Frame, value: Any) -> SQL:
    return row.at < value  # type: ignore[no-any-return]


@filter_input
class SecurityEventFilter(Filters):
    """Which events (安全事件筛选)."""

    act: SecurityAct | None = filter_by(SecurityEvent, "act", "Of this kind (行为).")
    result: SecurityResult | None = filter_by(SecurityEvent, "result", "Done or refused (结果).")
    operator: str | None = filter_by(SecurityEvent, "operator", "By this operator (操作人).")
    subject: str | None = filter_by(SecurityEvent, "subject", "Done to this (对象).")
    since: datetime | None = filter_by(SecurityEvent, "at", "At this time or later (起始时间).", _is_since)
    until: datetime | None = filter_by(SecurityEvent, "at", "Before this time (截止时间).", _is_before)
