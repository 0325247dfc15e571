"""Conversion of argument values to Python values: input objects to their classes, enum values to members.

Values that `engine.document.variables` has read are Python values already. Types are inspected once for each field. The
conversion of strawberry inspects them for each value, which takes 10 ms for 100 subjects.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from graphql import GraphQLEnumType, GraphQLField, GraphQLInputObjectType, GraphQLList, get_nullable_type

from engine.policy import DEFINITION

Converter = Callable[[Any], Any]


def make_argument_reader(field: GraphQLField) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return a function that converts the coerced arguments of a field and renames them to their Python names."""
    return _members(field.args)


def _members(declared: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    known = {name: (one.extensions[DEFINITION].python_name, _converter(one.type)) for name, one in declared.items()}

    def convert(values: Mapping[str, Any]) -> dict[str, Any]:
        return {known[name][0]: known[name][1](value) for name, value in values.items()}

    return convert


def _converter(type_: Any) -> Converter:
    """Return a function that converts coerced values of a type. It returns None for None."""
    found = _of_type(get_nullable_type(type_))
    return lambda value: None if value is None else found(value)


def _of_type(type_: Any) -> Converter:
    if isinstance(type_, GraphQLList):
        item = _converter(type_.of_type)
        return lambda values: [item(value) for value in values]
    if isinstance(type_, GraphQLEnumType):
        enum: Converter = type_.extensions[DEFINITION].wrapped_cls
        return enum
    if isinstance(type_, GraphQLInputObjectType):
        cls, members = type_.extensions[DEFINITION].origin, _members(type_.fields)
        return lambda values: values if isinstance(values, msgspec.Struct) else cls(**members(values))
    return lambda value: value
