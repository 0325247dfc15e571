"""Scalars whose text is the same from every executor."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NewType

import strawberry


def write_moment(value: datetime) -> str:
    """UTC with all six digits of a second and `Z`."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_moment(value: str) -> datetime:
    """A moment that knows its zone. Raises ValueError otherwise."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("A DateTime needs its zone, such as 2026-11-21T08:00:00Z.")
    return moment


def read_day(value: str) -> date:
    """A day as YYYY-MM-DD, and in no other spelling. Raises ValueError otherwise."""
    if not isinstance(value, str) or len(value) != len("YYYY-MM-DD"):
        raise ValueError("A Date must be a day of the calendar, such as 2026-11-21.")
    try:
        return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise ValueError("A Date must be a day of the calendar, such as 2026-11-21.") from None


Money = NewType("Money", str)

SCALARS: Mapping[object, Any] = {
    datetime: strawberry.scalar(
        name="DateTime",
        serialize=write_moment,
        parse_value=read_moment,
        description="A moment in UTC, ISO 8601 with six digits of a second: 2026-11-21T08:00:00.000000Z.",
    ),
    date: strawberry.scalar(
        name="Date",
        serialize=date.isoformat,
        parse_value=read_day,
        description="A day of the court's calendar (Asia/Shanghai), ISO 8601: 2026-11-21.",
    ),
    Money: strawberry.scalar(
        name="Money",
        serialize=str,
        parse_value=Decimal,
        description='An amount in CNY as a decimal string with two places: "22951000.00".',
    ),
}
