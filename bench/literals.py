"""Python values as SQL literals that take the type of the parameter they are given for."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID


def literal(value: object) -> str:
    """A literal of `value`. Colons are escaped: pgbench would take them for variables of its own."""
    if value is None:
        return "null"
    escaped = _text(value).replace("\\", "\\\\").replace("'", "''").replace(":", r"\x3a")
    return f"E'{escaped}'"


def _text(value: object) -> str:
    """The text form that PostgreSQL reads."""
    match value:
        case bool():
            return "true" if value else "false"
        case bytes():
            return rf"\x{value.hex()}"
        case datetime() | date():
            return value.isoformat()
        case list() | tuple():
            return "{" + ",".join(_element(element) for element in value) + "}"
        case str() | int() | float() | Decimal() | UUID():
            return str(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no literal here")


def _element(value: object) -> str:
    """An element of an array's text form."""
    if value is None:
        return "NULL"
    escaped = _text(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
