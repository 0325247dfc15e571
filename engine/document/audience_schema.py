"""The schema as a set of scopes can reach it, for printing, introspection and validation."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeVar

from graphql import (
    DocumentNode,
    EnumTypeDefinitionNode,
    GraphQLScalarType,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    build_ast_schema,
    parse,
    print_ast,
)

from engine.engine import Engine
from engine.policy import Policy

Fielded = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode
Node = TypeVar("Node", bound=Any)
ROOTS = ("Query", "Mutation", "Subscription")
REMEMBERED = 64
"""Schemas that are kept: a token may have any subset of its client's scopes."""

COERCIONS = ("parse_value", "parse_literal", "coerce_input_value", "coerce_input_literal")
"""The functions of a scalar that read input. An SDL does not contain them."""


def print_schema(engine: Engine, scopes: frozenset[str] | None = None) -> str:
    """Return the SDL, of the whole schema or of the part that `scopes` reach."""
    if scopes is None:
        return engine.schema.as_str() + "\n"
    return print_ast(_narrowed(_parsed(engine), engine.policy, scopes)) + "\n"


@lru_cache(1)
def _parsed(engine: Engine) -> DocumentNode:
    return parse(engine.schema.as_str(), no_location=True)


@lru_cache(REMEMBERED)
def build_audience_schema(engine: Engine, scopes: frozenset[str]) -> GraphQLSchema:
    """Return the schema for introspection and for the validation of documents. Literals of its scalars are checked as
    the service's own schema checks them."""
    made = build_ast_schema(_narrowed(_parsed(engine), engine.policy, scopes), assume_valid_sdl=True)
    for name, kind in made.type_map.items():
        served = engine.graphql.type_map[name]
        if isinstance(kind, GraphQLScalarType) and isinstance(served, GraphQLScalarType):
            for function in COERCIONS:
                setattr(kind, function, getattr(served, function))
    return made


def _narrowed(document: DocumentNode, policy: Policy, scopes: frozenset[str]) -> DocumentNode:
    named = {node.name.value: node for node in document.definitions if hasattr(node, "name")}
    kept = {name: _permitted(node, policy, scopes) for name, node in named.items()}
    alive = _reachable(ROOTS, {name: node for name, node in kept.items() if node is not None})
    definitions = [kept[name] for name, node in named.items() if name in alive or node.kind == "directive_definition"]
    return DocumentNode(definitions=tuple(_without_lost_interfaces(node, alive) for node in definitions if node))


def _permitted(node: Any, policy: Policy, scopes: frozenset[str]) -> Any:
    """Return a definition with the fields and arguments that `scopes` reach, or None if they reach none of it."""
    name = node.name.value
    if isinstance(node, InputObjectTypeDefinitionNode):
        return node if name not in policy.requirements or policy.permits(name, scopes) else None
    if not isinstance(node, Fielded):
        return node
    if not policy.permits(name, scopes):
        return None
    fields = []
    for field in node.fields or ():
        coordinate = f"{name}.{field.name.value}"
        if _is_reached(coordinate, field.type, policy, scopes):
            given = field.arguments or ()
            kept = (one for one in given if _is_reached(f"{coordinate}({one.name.value}:)", one.type, policy, scopes))
            fields.append(_copied(field, arguments=tuple(kept)))
    return _copied(node, fields=tuple(fields)) if fields else None


def _is_reached(coordinate: str, type_: Any, policy: Policy, scopes: frozenset[str]) -> bool:
    """Return whether `scopes` reach a field or an argument, and its type."""
    name = _named(type_)
    return policy.permits(coordinate, scopes) and (name not in policy.requirements or policy.permits(name, scopes))


def _named(node: Any) -> str:
    while not isinstance(node, NamedTypeNode):
        node = node.type
    return node.name.value


def _reachable(start: Iterable[str], kept: dict[str, Any]) -> set[str]:
    """Return the names of the types that can be reached from the roots."""
    alive: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name in kept and name not in alive:
            alive.add(name)
            waiting.extend(_mentioned(kept[name], kept.values()))
    return alive


def _mentioned(node: Any, others: Iterable[Any]) -> Iterable[str]:
    if isinstance(node, ScalarTypeDefinitionNode | EnumTypeDefinitionNode):
        return
    for field in getattr(node, "fields", None) or ():
        yield _named(field.type)
        yield from (_named(argument.type) for argument in getattr(field, "arguments", None) or ())
    yield from (interface.name.value for interface in getattr(node, "interfaces", None) or ())
    if isinstance(node, InterfaceTypeDefinitionNode) and node.name.value != "Node":
        yield from (
            other.name.value
            for other in others
            if isinstance(other, Fielded) and node.name.value in {one.name.value for one in other.interfaces or ()}
        )


def _without_lost_interfaces(node: Any, alive: set[str]) -> Any:
    if not isinstance(node, Fielded):
        return node
    return _copied(node, interfaces=tuple(one for one in node.interfaces or () if one.name.value in alive))


def _copied(node: Node, **changes: Any) -> Node:
    values = {name: getattr(node, name) for name in node.keys} | changes
    return type(node)(**values)  # type: ignore[no-any-return]
