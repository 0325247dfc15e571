"""What is on its way out of the schema: how long it stays, and which of it a request has used (RFC 9745, RFC 8594)."""

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
"""What graphql-core's rule says: a schema coordinate, and the reason."""


def deprecate(declared: Declared, since: date, until: date, advice: str) -> Declared:
    """A field, an argument or an input field that is served until a day, and what to use instead of it."""
    declared.deprecation_reason = f"Since {since}, until {until}: {advice}"
    return declared


@dataclass(frozen=True, order=True)
class Use:
    """Something deprecated that a request has used."""

    coordinate: str
    reason: str

    @property
    def days(self) -> tuple[date, date]:
        """Since when it is deprecated, and until when it is served."""
        found = REASON.fullmatch(self.reason)
        assert found, f"The reason of {self.coordinate} does not tell its days."  # noqa: S101 - `deprecated` writes them
        return date.fromisoformat(found[1]), date.fromisoformat(found[2])


def list_uses_in_text(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> tuple[Use, ...]:
    """What the text of a validated operation uses."""
    alone = separate_operations(document)[operation.name.value if operation.name else ""]
    told = (USED.fullmatch(error.message) for error in validate(schema, alone, [NoDeprecatedCustomRule]))
    return tuple(sorted({Use(*found.groups()) for found in told if found}))


def list_uses_in_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> tuple[Use, ...]:
    """What the values of an operation's variables use."""
    if not _among_inputs(schema):
        return ()
    given = ((type_from_ast(schema, one.type), variables.get(one.variable.name.value)) for one in _defined(operation))
    return tuple(sorted({use for kind, value in given for use in _within(kind, value)}))


def _defined(operation: OperationDefinitionNode) -> Sequence[Any]:
    return operation.variable_definitions or ()


@cache
def _among_inputs(schema: GraphQLSchema) -> bool:
    """Whether there is anything deprecated that a value could use: hardly ever, and values are long."""
    return any(one.deprecation_reason for kind in schema.type_map.values() for one in _members(kind).values())


def _members(kind: Any) -> Mapping[str, Any]:
    """What a value of a type may name."""
    if isinstance(kind, GraphQLInputObjectType):
        return {**kind.fields}
    return {**kind.values} if isinstance(kind, GraphQLEnumType) else {}


def _within(kind: Any, value: Any) -> Iterator[Use]:
    """What a value of a type uses, and what is in it."""
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
    """What the extensions of a reply say of it."""
    return {"deprecations": [vars(use) for use in uses]} if uses else {}


def write_headers(extensions: Mapping[str, Any]) -> dict[str, str]:
    """The headers of a reply with such extensions: since when, the names, and the first day on which one is gone."""
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
