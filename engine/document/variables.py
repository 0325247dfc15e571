"""Coercion of variables by types that are compiled once for each operation.

graphql-core inspects the type of each value again, which takes milliseconds for a hundred subjects. A compiled type
reads plain values and returns what graphql-core returns. What it refuses is left to graphql-core, whose errors clients
see.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Annotated, Any

import msgspec
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    type_from_ast,
)
from graphql.execution.values import VariableValues, get_variable_values

from engine.policy import DEFINITION

INT = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
SCALARS: Mapping[str, Any] = {"String": str, "ID": str, "Boolean": bool, "Int": INT, "Date": date}
"""Scalars whose values in JSON are read alike by msgspec. Others are left to graphql-core."""


class UncompiledError(Exception):
    """A type has no compiled form."""


@dataclass(frozen=True)
class Variable:
    """A variable of an operation. default: the coerced default value; Undefined if there is none."""

    name: str
    type: Any
    required: bool
    default: Any


@dataclass(frozen=True)
class VariableReader:
    """Coerces the variables of one operation."""

    variables: tuple[Variable, ...]

    def read(self, given: Mapping[str, Any]) -> VariableValues | None:
        """Return the coerced values; None if graphql-core has to read them."""
        coerced: dict[str, Any] = {}
        try:
            for one in self.variables:
                if one.name in given:
                    coerced[one.name] = msgspec.convert(given[one.name], one.type)
                elif one.default is not Undefined:
                    coerced[one.name] = one.default
                elif one.required:
                    return None
        except msgspec.ValidationError:
            return None
        return VariableValues({}, coerced)


def compile_reader(schema: GraphQLSchema, operation: OperationDefinitionNode) -> VariableReader | None:
    """Return the reader of an operation's variables, or None if one of their types has no compiled form."""
    try:
        return VariableReader(tuple(_compile(schema, node) for node in operation.variable_definitions or ()))
    except UncompiledError:
        return None


def _compile(schema: GraphQLSchema, node: Any) -> Variable:
    type_, name = type_from_ast(schema, node.type), node.variable.name.value
    default = Undefined
    if node.default_value is not None:
        found = get_variable_values(schema, [node], {})
        if not isinstance(found, VariableValues):
            raise UncompiledError
        default = found.coerced[name]
    return Variable(name, compile_type(type_), isinstance(type_, GraphQLNonNull), default)


def compile_type(type_: Any, within: tuple[Any, ...] = ()) -> Any:
    """Return the type that msgspec converts to. within: the input objects that contain it. Raises UncompiledError."""
    if isinstance(type_, GraphQLNonNull):
        return _compile_present(type_.of_type, within)
    return _compile_present(type_, within) | None


def _compile_present(type_: Any, within: tuple[Any, ...]) -> Any:
    if isinstance(type_, GraphQLList):
        return list[compile_type(type_.of_type, within)]  # type: ignore[misc]  # a type made at run time
    if isinstance(type_, GraphQLEnumType):
        return _compile_enum(type_)
    if isinstance(type_, GraphQLInputObjectType):
        return _compile_object(type_, within)
    if type_.name not in SCALARS:
        raise UncompiledError
    return SCALARS[type_.name]


def _compile_enum(type_: GraphQLEnumType) -> Any:
    """Members are found by their values, which must be the names in GraphQL."""
    enum = type_.extensions[DEFINITION].wrapped_cls
    if {member.value for member in enum} != set(type_.values):
        raise UncompiledError
    return enum


def _compile_object(type_: GraphQLInputObjectType, within: tuple[Any, ...]) -> Any:
    """Return a structure with the Python names of the fields. A field that may be absent must be null by default, and
    the class must not change its values."""
    origin = type_.extensions[DEFINITION].origin
    if type_ in within or type_.is_one_of or hasattr(origin, "__post_init__"):
        raise UncompiledError
    defaults = {field.name: field.default for field in fields(origin)}
    names, members = dict[str, str](), list[Any]()
    for name, declared in type_.fields.items():
        attribute = declared.extensions[DEFINITION].python_name
        names[attribute] = name
        member = (attribute, compile_type(declared.type, (*within, type_)))
        if isinstance(declared.type, GraphQLNonNull) and declared.default_value is Undefined:
            members.append(member)
        elif _is_null(declared.default_value) and defaults[attribute] is None:
            members.append((*member, None))
        else:
            raise UncompiledError
    return msgspec.defstruct(type_.name, members, rename=names, kw_only=True, forbid_unknown_fields=True)


def _is_null(default: Any) -> bool:
    return default is None or default is Undefined
