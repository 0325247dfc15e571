"""Scalars, which all executors write alike."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NewType

import strawberry

from languages.sentence import say

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DIGEST = re.compile(r"[0-9a-fA-F]{64}")
AMOUNT = re.compile(r"-?([0-9]+)\.[0-9]{2}")
MOST_DIGITS = 13


def write_moment(value: datetime) -> str:
    """Return UTC in ISO 8601 with six digits of a second and `Z`."""
    moment = (
        value if value.tzinfo is None else value.astimezone(UTC)
    )  # asyncpg returns infinite values without a time zone
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_moment(value: object) -> datetime:
    """Parse a moment with a time zone and return it in UTC. Raises ValueError otherwise."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment and moment.tzinfo:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(say("A DateTime must be a moment with its zone, such as 2026-11-21T08:00:00Z."))


def read_day(value: object) -> date:
    """Parse a day in the form YYYY-MM-DD. Raises ValueError otherwise."""
    try:
        if isinstance(value, str) and DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError(say("A Date must be a day of the calendar, such as 2026-11-21."))


def read_amount(value: object) -> Decimal:
    """Parse an amount with two decimal places. Raises ValueError otherwise.

    Error redaction removes long numbers, so that the example in the message is short.
    """
    found = AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(say("Money must be a decimal string with two places, such as 20000.50."))
    if len(found[1]) > MOST_DIGITS:
        raise ValueError(say("Money must have at most {most} digits before its point.", most=MOST_DIGITS))
    return Decimal(found[0])


def read_digest(value: object) -> bytes:
    """Parse the 32 bytes of a SHA-256 in hexadecimal. Raises ValueError otherwise."""
    if isinstance(value, str) and DIGEST.fullmatch(value):
        return bytes.fromhex(value)
    raise ValueError(say("Sha256 must be the SHA-256 of a file as 64 hexadecimal digits."))


Money = NewType("Money", str)
Sha256 = NewType("Sha256", bytes)

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
        parse_value=read_amount,
        description='An amount in CNY as a decimal string with two places: "22951000.00".',
    ),
    Sha256: strawberry.scalar(
        name="Sha256",
        serialize=bytes.hex,
        parse_value=read_digest,
        description="The SHA-256 of a file as 64 hexadecimal digits (FIPS 180-4).",
    ),
}
