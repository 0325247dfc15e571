"""Variables that compiled types read have the values that graphql-core gives them; all plain values are read."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from generated import sized
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    OperationDefinitionNode,
    Undefined,
    coerce_input_value,
    is_input_object_type,
    parse,
)
from hypothesis import given
from hypothesis import strategies as st
from the_engine import ENGINE

from engine.declare.argument_values import _converter
from engine.document.json_values import JsonError, check_depth
from engine.document.variables import SCALARS, UncompiledError, compile_reader, compile_type

NAMES = st.text(max_size=8)
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "String": NAMES,
    "ID": NAMES,
    "Boolean": st.booleans(),
    "Int": st.integers(-(2**31), 2**31 - 1),
    "Date": st.dates().map(str),
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    NAMES,
    st.sampled_from(["2026-02-30", "20260101", "2026-01-01T00:00:00", "2026-W01-1", "0000-01-01", "PERSON"]),
    st.lists(NAMES, max_size=2),
    st.dictionaries(NAMES, NAMES, max_size=2),
)


def _argument_types() -> dict[str, Any]:
    kinds = (ENGINE.graphql.query_type, ENGINE.graphql.subscription_type, *ENGINE.graphql.type_map.values())
    fields = (field for kind in kinds for field in getattr(kind, "fields", {}).values() if hasattr(field, "args"))
    return {str(argument.type): argument.type for field in fields for argument in field.args.values()}


def _compiled(types: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, type_ in types.items():
        try:
            found[name] = compile_type(type_)
        except UncompiledError:
            continue
    return found


TYPES = {name: type_ for name, type_ in _argument_types().items() if not name.startswith("__")}
COMPILED = _compiled(TYPES)


def _values(type_: Any, plain: bool) -> st.SearchStrategy[Any]:
    """JSON values of a type, with some that are of no type at all unless `plain`."""
    if isinstance(type_, GraphQLNonNull):
        return _present(type_.of_type, plain)
    return st.none() | _present(type_, plain)


def _present(type_: Any, plain: bool) -> st.SearchStrategy[Any]:
    right: st.SearchStrategy[Any]
    match type_:
        case GraphQLList():
            right = st.lists(_values(type_.of_type, plain), max_size=3)
        case GraphQLEnumType():
            right = st.sampled_from(sorted(type_.values))
        case GraphQLInputObjectType():
            right = _objects(type_, plain)
        case GraphQLScalarType():
            right = PLAIN[type_.name]
    return right if plain else st.one_of(right, right, right, ODD)


def _objects(type_: GraphQLInputObjectType, plain: bool) -> st.SearchStrategy[Any]:
    needed = {name for name, field in type_.fields.items() if isinstance(field.type, GraphQLNonNull)}
    fields = {name: _values(field.type, plain) for name, field in type_.fields.items()}
    whole = st.fixed_dictionaries(
        {name: fields[name] for name in needed}, optional={name: fields[name] for name in fields.keys() - needed}
    )
    if plain:
        return whole
    return whole | st.dictionaries(st.sampled_from([*fields, "unknown"]), st.one_of(NAMES, st.none()), max_size=3)


def _seen(value: Any) -> Any:
    """A value as resolvers see it: the attributes of objects."""
    if isinstance(value, list):
        return [_seen(one) for one in value]
    names = getattr(value, "__struct_fields__", None) or getattr(value, "__dataclass_fields__", None)
    return {name: _seen(getattr(value, name)) for name in names} if names else (type(value), value)


def _told(name: str, value: Any) -> Any:
    return _seen(_converter(TYPES[name])(value))


@sized(300)
@given(st.sampled_from(sorted(COMPILED)), st.data())
def test_a_compiled_type_gives_the_values_of_graphql_core(name: str, data: st.DataObject) -> None:
    given = data.draw(_values(TYPES[name], plain=False))
    try:
        read = msgspec.convert(given, COMPILED[name])
    except msgspec.ValidationError:
        return
    ordinary = coerce_input_value(given, TYPES[name])
    assert ordinary is not Undefined
    assert _told(name, read) == _told(name, ordinary)


@sized(100)
@given(st.sampled_from(sorted(COMPILED)), st.data())
def test_a_compiled_type_reads_all_plain_values(name: str, data: st.DataObject) -> None:
    given = data.draw(_values(TYPES[name], plain=True))
    read, ordinary = msgspec.convert(given, COMPILED[name]), coerce_input_value(given, TYPES[name])
    assert _told(name, read) == _told(name, ordinary)


def test_the_inputs_of_look_ups_are_compiled() -> None:
    assert COMPILED.keys() >= {"SubjectKey!", "[SubjectKey!]!", "AccessInput!", "ID!", "Date"}
    inputs = {name for name, type_ in TYPES.items() if is_input_object_type(getattr(type_, "of_type", type_))}
    assert {name for name in inputs - COMPILED.keys() if name.endswith("Filter")} == {
        "AccessRecordFilter",
        "ConsentFilter",
        "EventFilter",
        "ListingFilter",
        "PartyFilter",
        "RequestFilter",
        "SecurityEventFilter",
    }
    assert SCALARS.keys() == PLAIN.keys()


def _operation(text: str) -> OperationDefinitionNode:
    (found,) = parse(text).definitions
    assert isinstance(found, OperationDefinitionNode)
    return found


@pytest.mark.parametrize(
    ("given", "coerced"),
    [
        ({}, {"first": 20}),
        ({"first": None}, {"first": None}),
        ({"first": 3, "after": None, "other": 1}, {"first": 3, "after": None}),
        ({"first": "3"}, None),
    ],
)
def test_absent_variables_have_their_defaults(given: dict[str, Any], coerced: dict[str, Any] | None) -> None:
    reader = compile_reader(ENGINE.graphql, _operation("query ($first: Int = 20, $after: String) { __typename }"))
    assert reader is not None
    found = reader.read(given)
    assert (found and found.coerced) == coerced


def test_a_required_variable_that_is_absent_is_left_to_graphql_core() -> None:
    reader = compile_reader(ENGINE.graphql, _operation("query ($id: ID!) { __typename }"))
    assert reader is not None
    assert reader.read({}) is None
    assert reader.read({"id": None}) is None


@given(st.recursive(st.none(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)))
def test_depth_is_that_of_the_deepest_value(value: Any) -> None:
    wrapped: Any = value
    for levels in range(17):
        try:
            check_depth(wrapped)
        except JsonError:
            assert _depth(wrapped) > 16
            return
        assert _depth(wrapped) <= 16
        wrapped = [wrapped] if levels % 2 else {"a": wrapped}


def _depth(value: Any) -> int:
    inner: Sequence[Any] = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (1 + max((_depth(one) for one in inner), default=0)) if isinstance(value, dict | list) else 0
