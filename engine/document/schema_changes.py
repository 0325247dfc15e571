"""Comparison of two SDLs: breaking, dangerous and safe changes (docs/versioning.md).

graphql-core compares types. This module also compares directives, because an added scope can break clients.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from graphql import (
    BreakingChange,
    DangerousChange,
    DirectiveNode,
    ListValueNode,
    build_schema,
    find_schema_changes,
    parse,
    print_ast,
)


class Effect(StrEnum):
    """The effect of a change on existing documents."""

    BREAKING = "breaking"
    DANGEROUS = "dangerous"
    SAFE = "safe"


EFFECTS = tuple(Effect)


@dataclass(frozen=True)
class Change:
    """One change. kind: the name that graphql-core or this module gives it."""

    effect: Effect
    kind: str
    description: str


def compare_schemas(old: str, new: str) -> list[Change]:
    """Return all changes between two SDLs, breaking ones first. Raises GraphQLError if a text is not a schema."""
    found = find_schema_changes(build_schema(old), build_schema(new))
    compared = [Change(_effect(one), one.type.name, one.description) for one in found]
    return sorted([*compared, *_directive_changes(_Directives(old), _Directives(new))], key=_rank)


def _rank(change: Change) -> tuple[int, str]:
    return EFFECTS.index(change.effect), change.description


def _effect(change: Any) -> Effect:
    if isinstance(change, BreakingChange):
        return Effect.BREAKING
    return Effect.DANGEROUS if isinstance(change, DangerousChange) else Effect.SAFE


class _Directives:
    """The directives of an SDL by schema coordinate and name."""

    def __init__(self, sdl: str) -> None:
        self.at: dict[str, dict[str, DirectiveNode]] = {}
        for definition in parse(sdl, no_location=True).definitions:
            if name := getattr(definition, "name", None):
                self._enter(name.value, definition)

    def _enter(self, coordinate: str, node: Any) -> None:
        self.at[coordinate] = {one.name.value: one for one in getattr(node, "directives", None) or ()}
        for member in (*(getattr(node, "fields", None) or ()), *(getattr(node, "values", None) or ())):
            self._enter(f"{coordinate}.{member.name.value}", member)
        for argument in getattr(node, "arguments", None) or ():
            self._enter(f"{coordinate}({argument.name.value}:)", argument)


def _directive_changes(old: _Directives, new: _Directives) -> Iterator[Change]:
    for coordinate in old.at.keys() & new.at.keys():
        before, after = old.at[coordinate], new.at[coordinate]
        yield from _scopes_changed(coordinate, _ways(before), _ways(after))
        if _printed(before, "cost", "listSize") != _printed(after, "cost", "listSize"):
            yield Change(Effect.DANGEROUS, "COST_CHANGED", f"{coordinate} has another cost.")
        if "deprecated" in after and "deprecated" not in before:
            yield Change(Effect.SAFE, "DEPRECATED", f"{coordinate} is deprecated.")


Ways = frozenset[frozenset[str]]
"""Alternative sets of scopes."""


def _ways(directives: Mapping[str, DirectiveNode]) -> Ways:
    if "requiresScopes" not in directives:
        return frozenset({frozenset()})
    (argument,) = directives["requiresScopes"].arguments or ()
    assert isinstance(argument.value, ListValueNode)  # noqa: S101 - its type in the SDL
    ways: Any = argument.value.values
    return frozenset(frozenset(scope.value for scope in way.values) for way in ways)


def _scopes_changed(coordinate: str, before: Ways, after: Ways) -> Iterator[Change]:
    """Yield a breaking change if a set of scopes no longer suffices."""
    lost = [way for way in before if not any(other <= way for other in after)]
    if lost:
        enough = " or ".join(sorted(" and ".join(sorted(way)) or "any token" for way in lost))
        yield Change(Effect.BREAKING, "SCOPES_ADDED", f"{coordinate} needs more than {enough}.")
    elif before != after:
        yield Change(Effect.SAFE, "SCOPES_REMOVED", f"{coordinate} needs less.")


def _printed(directives: Mapping[str, DirectiveNode], *names: str) -> list[str]:
    return [print_ast(directives[name]) for name in names if name in directives]
