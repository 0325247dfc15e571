"""Deprecation of schema elements, and headers for requests that use them (RFC 9745, RFC 8594)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from functools import cache
from typing import Any, TypeVar

from graphql import (
    DocumentNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLSchema,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    get_named_type,
    separate_operations,
    type_from_ast,
    validate,
)

Declared = TypeVar("Declared", bound=Any)
REASON = re.compile(r"Since (\S+), until (\S+): .+")
USED = re.compile(r"The (?:field|argument|input field|enum value) '?([^\s']+)'? is deprecated\. (.+)", re.DOTALL)
"""Matches the messages of graphql-core's rule: the schema coordinate and the reason."""


def deprecate(declared: Declared, since: date, until: date, advice: str) -> Declared:
    """Deprecate a field, an argument or an input field. until: the last day of service. advice: what to use instead."""
    declared.deprecation_reason = f"Since {since}, until {until}: {advice}"
    return declared


@dataclass(frozen=True, order=True)
class Use:
    """A deprecated element that a request uses."""

    coordinate: str
    reason: str

    @property
    def days(self) -> tuple[date, date]:
        """The first day of deprecation and the last day of service."""
        found = REASON.fullmatch(self.reason)
        assert found, f"The reason of {self.coordinate} does not tell its days."  # noqa: S101 - written by `deprecate`
        return date.fromisoformat(found[1]), date.fromisoformat(found[2])


def list_uses_in_text(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> tuple[Use, ...]:
    """Return the deprecated elements that the text of a validated operation uses."""
    alone = separate_operations(document)[operation.name.value if operation.name else ""]
    told = (USED.fullmatch(error.message) for error in validate(schema, alone, [NoDeprecatedCustomRule]))
    return tuple(sorted({Use(*found.groups()) for found in told if found}))


def list_uses_in_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> tuple[Use, ...]:
    """Return the deprecated elements that the variables of an operation use."""
    if not _among_inputs(schema):
        return ()
    defined = operation.variable_definitions or ()
    given = ((type_from_ast(schema, one.type), variables.get(one.variable.name.value)) for one in defined)
    return tuple(sorted({use for kind, value in given for use in _within(kind, value)}))


@cache
def _among_inputs(schema: GraphQLSchema) -> bool:
    """Return whether the schema has deprecated input fields or enum values. Usually it has none."""
    return any(one.deprecation_reason for kind in schema.type_map.values() for one in _members(kind).values())


def _members(kind: Any) -> Mapping[str, Any]:
    """Return the fields of an input type or the values of an enum."""
    if isinstance(kind, GraphQLInputObjectType):
        return {**kind.fields}
    return {**kind.values} if isinstance(kind, GraphQLEnumType) else {}


def _within(kind: Any, value: Any) -> Iterator[Use]:
    """Yield the deprecated elements that a value of a type uses."""
    if isinstance(value, list):
        for one in value:
            yield from _within(kind, one)
        return
    named = get_named_type(kind)
    inner = value if isinstance(value, dict) else {}
    for name, member in _members(named).items():
        if member.deprecation_reason and (name in inner or name == value):
            yield Use(f"{named.name}.{name}", member.deprecation_reason)
        if name in inner:
            yield from _within(member.type, inner[name])


def write_extensions(uses: Sequence[Use]) -> dict[str, Any]:
    """Return the entry for the extensions of a response."""
    return {"deprecations": [vars(use) for use in uses]} if uses else {}


def write_headers(extensions: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers for such extensions: the names, and the earliest days."""
    uses = [Use(**one) for one in extensions.get("deprecations", ())]
    if not uses:
        return {}
    names = " ".join(use.coordinate for use in uses)
    since, until = (_midnight(min(days)) for days in zip(*(use.days for use in uses), strict=True))
    return {
        "deprecation": f'@{int(since.timestamp())};fields="{names}"',
        "sunset": format_datetime(until, usegmt=True),
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
