"""Conversion of argument values to Python values: input objects to their classes, enum values to members.

Types are inspected once for each field. The conversion of strawberry inspects them for each value, which takes 10 ms
for 100 subjects.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLEnumType, GraphQLField, GraphQLInputObjectType, GraphQLList, get_nullable_type

from engine.policy import DEFINITION

Converter = Callable[[Any], Any]


def make_argument_reader(field: GraphQLField) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """Return a function that converts the coerced arguments of a field and renames them to their Python names."""
    arguments = {
        given: (one.extensions[DEFINITION].python_name, _converter(one.type)) for given, one in field.args.items()
    }

    def read(values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {arguments[given][0]: arguments[given][1](value) for given, value in values.items()}

    return read


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
    return _input(type_) if isinstance(type_, GraphQLInputObjectType) else lambda value: value


def _input(type_: GraphQLInputObjectType) -> Converter:
    made: Callable[..., Any] = type_.extensions[DEFINITION].origin
    fields = {
        name: (one.extensions[DEFINITION].python_name, _converter(one.type)) for name, one in type_.fields.items()
    }

    def convert(values: Mapping[str, Any]) -> Any:
        return made(**{fields[name][0]: fields[name][1](value) for name, value in values.items()})

    return convert
