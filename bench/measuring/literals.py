"""Python values as untyped SQL literals."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID


def format_literal(value: object) -> str:
    """Return a literal. Colons are escaped, because pgbench replaces :name by a variable."""
    if value is None:
        return "null"
    escaped = _text(value).replace("\\", "\\\\").replace("'", "''").replace(":", r"\x3a")
    return f"E'{escaped}'"


def _text(value: object) -> str:
    """The text representation that PostgreSQL reads."""
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
    """An element in the text representation of an array."""
    if value is None:
        return "NULL"
    escaped = _text(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
