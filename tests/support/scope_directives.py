"""What the `@requiresScopes` of a printed schema ask for: read from the text alone, with none of the service's code."""

from collections.abc import Iterable
from typing import Any

from documents import Documents, Path, Step
from graphql import DirectiveNode, ListValueNode, get_named_type, is_composite_type, is_input_object_type, parse

Ways = frozenset[frozenset[str]]
"""Sets of scopes, any one of which will do."""

OPEN: Ways = frozenset({frozenset()})


class ScopeDirectives:
    """The requirements of an SDL by schema coordinate; what carries no directive asks for nothing."""

    def __init__(self, sdl: str) -> None:
        self.required: dict[str, Ways] = {}
        for definition in parse(sdl).definitions:
            if name := getattr(definition, "name", None):
                self._enter(name.value, definition)

    def _enter(self, coordinate: str, node: Any) -> None:
        for directive in getattr(node, "directives", None) or ():
            if directive.name.value == "requiresScopes":
                self.required[coordinate] = _ways(directive)
        for field in getattr(node, "fields", None) or ():
            self._enter(f"{coordinate}.{field.name.value}", field)
        for argument in getattr(node, "arguments", None) or ():
            if "." in coordinate:
                self._enter(f"{coordinate}({argument.name.value}:)", argument)

    def meets(self, coordinates: Iterable[str], held: frozenset[str]) -> bool:
        """Whether who holds `held` may read all of these."""
        return not self._unmet(coordinates, held)

    def named(self, coordinates: Iterable[str], held: frozenset[str]) -> frozenset[str]:
        """All scopes that could help who holds `held` to read these."""
        return frozenset().union(*(way for ways in self._unmet(coordinates, held) for way in ways))

    def _unmet(self, coordinates: Iterable[str], held: frozenset[str]) -> frozenset[Ways]:
        """What is asked for beyond `held`, each as the ways to meet it."""
        wanted = (self.required.get(coordinate, OPEN) for coordinate in coordinates)
        return frozenset(
            frozenset(way - held for way in ways) for ways in wanted if not any(way <= held for way in ways)
        )


def _ways(directive: DirectiveNode) -> Ways:
    (argument,) = directive.arguments or ()
    assert isinstance(argument.value, ListValueNode)
    return frozenset(frozenset(scope.value for scope in way.values) for way in argument.value.values)  # type: ignore[attr-defined]


def coordinates(documents: Documents, path: Path) -> Iterable[str]:
    """All that a path touches: types, fields, arguments, inputs."""
    for step in path:
        yield from (step.under, step.on, f"{step.on}.{step.field}")
        yield from _given(documents, step)
        if is_composite_type(target := documents.leads_to(step)):
            yield target.name


def _given(documents: Documents, step: Step) -> Iterable[str]:
    for name, argument in documents.field(step).args.items():
        if name == step.option or str(argument.type).endswith("!"):
            yield f"{step.on}.{step.field}({name}:)"
            if is_input_object_type(kind := get_named_type(argument.type)):
                yield kind.name
