"""The requests of a client, and its usage."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

import models
from engine.declare.fields import column, expression
from engine.declare.filters import Filters, filter_by, filter_input
from engine.declare.nodes import Node
from engine.declare.relations import Frame
from engine.declare.row_types import row_type
from engine.declare.sql import SQL
from engine.policy import OPEN
from resolvers.partners import requests
from resolvers.partners.requests import may_see_request, may_see_usage
from resolvers.visibility.about import ABOUT_NOBODY


@row_type(models.RequestEntry, seen_by=may_see_request, about=ABOUT_NOBODY, requires=OPEN)
class RequestEntry(Node):
    """A request of yours (请求日志), kept for seven days: what came of it, without names, numbers and variables."""

    at: datetime = column("When it was answered (时间).")
    request_id: str = expression(
        requests.write_request_id, "Its id, as in `extensions.requestId` and the header X-Request-ID (请求编号)."
    )
    path: str = column("The path, with parameters instead of their values (路径).")
    operation: str | None = column("query, mutation or subscription; null if no operation was read (操作类型).")
    field: str | None = column("The root field; `several` for more than one (查询入口).")
    status: int = column("The HTTP status (应答状态).")
    outcome: str = column("OK, or the code of the first error (结果代码).")
    cost: int | None = column("The points it was charged (计费).")
    milliseconds: float = column("From its arrival to the begin of the response (耗时, 毫秒).")


@row_type(models.ClientUsage, seen_by=may_see_usage, about=ABOUT_NOBODY, requires=OPEN)
class ClientUsage(Node):
    """Your requests of a day to one root field (用量), kept for two years."""

    day: date = column("The day (日期).")
    field: str = column(
        "The root field; `several` for more than one, and the path if no operation was read (查询入口)."
    )
    requests: int = column("Requests (请求数).")
    refused: int = column("Those answered with an error (出错数).")
    throttled: int = column("Of those, for want of budget or for too many at a time (限流数).")
    cost: float = column("Points charged (计费).")
    milliseconds: float = column("The time of all of them together (耗时合计, 毫秒).")


def _is_since(row: Frame, value: Any) -> SQL:
    return row.at >= value  # type: ignore[no-any-return]


def _is_before(row: Frame, value: Any) -> SQL:
    return row.at < value  # type: ignore[no-any-return]


@filter_input
class RequestFilter(Filters):
    """Which requests (请求筛选)."""

    request_id: str | None = filter_by(
        RequestEntry,
        "requestId",
        "With this id (请求编号).",
        lambda row, value: sa.cast(row.request_id, sa.Text) == sa.func.lower(value),
    )
    refused: bool | None = filter_by(
        RequestEntry,
        "outcome",
        "Whether it was answered with an error (出错).",
        lambda row, value: (row.outcome != "OK") == value,
    )
    outcome: str | None = filter_by(RequestEntry, "outcome", "With this code (结果代码).")
    field: str | None = filter_by(RequestEntry, "field", "To this root field (查询入口).")
    since: datetime | None = filter_by(RequestEntry, "at", "At this time or later (起始时间).", _is_since)
    until: datetime | None = filter_by(RequestEntry, "at", "Before this time (截止时间).", _is_before)


@filter_input
class UsageFilter(Filters):
    """Which days (用量筛选)."""

    from_day: date | None = filter_by(
        ClientUsage, "day", "On or after (起始日期).", lambda row, value: row.day >= value
    )
    to_day: date | None = filter_by(ClientUsage, "day", "On or before (截止日期).", lambda row, value: row.day <= value)
    field: str | None = filter_by(ClientUsage, "field", "Of this root field (查询入口).")
