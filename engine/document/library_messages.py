"""Messages of graphql-core, recognised by their templates, so that they can be translated as our own are."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import GraphQLEnumType, GraphQLSchema
from graphql.pyutils.suggestion_list import LexicalDistance

from languages.sentence import Sentence, reword, say

PLACE = re.compile(r"\\\{(\w+)\\\}")
NAME = re.compile(r"'([^']+)'")
LISTED = " It is one of: {values}."
SUGGESTED = " Did you mean {names}?"
ABOUT = ("argument", "field", "type")
"""Placeholders of what is unknown, before a suggestion; the first that a template has."""

LETTERS_AN_EDIT = 3
"""A suggestion differs from what was written in one edit for each of so many letters, and in one at least."""

NESTED = "error"
"""The placeholder of a message within a message."""

TEMPLATES = (
    say("Cannot query field '{field}' on type '{type}'."),
    say("Cannot query field '{field}' on type '{type}'. Did you mean {names}?"),
    say("Cannot query field '{field}' on type '{type}'. Did you mean to use an inline fragment on {names}?"),
    say("Unknown argument '{argument}' on field '{field}'."),
    say("Unknown argument '{argument}' on field '{field}'. Did you mean {names}?"),
    say("Unknown argument '{argument}' on directive '{directive}'."),
    say("Unknown type '{type}'."),
    say("Unknown type '{type}'. Did you mean {names}?"),
    say("Unknown directive '{directive}'."),
    say("Unknown fragment '{fragment}'."),
    say("Directive '{directive}' may not be used on {place}."),
    say("The directive '{directive}' can only be used once at this location."),
    say("Field '{field}' must not have a selection since type '{type}' has no subfields."),
    say("Field '{field}' of type '{type}' must have a selection of subfields."),
    say("Field '{field}' of type '{type}' must have at least one field selected."),
    say("Argument '{argument}' of type '{type}' is required, but it was not provided."),
    say("There can be only one argument named '{argument}'."),
    say("There can be only one input field named '{field}'."),
    say("There can be only one operation named '{operation}'."),
    say("There can be only one fragment named '{fragment}'."),
    say("There can be only one variable named '{variable}'."),
    say("This anonymous operation must be the only defined operation."),
    say("The {operation} operation is not supported by the schema."),
    say("The {definition} definition is not executable."),
    say("Fragment '{fragment}' is never used."),
    say("Fragment '{fragment}' cannot condition on non composite type '{type}'."),
    say("Fragment cannot condition on non composite type '{type}'."),
    say("Fragment '{fragment}' cannot be spread here as objects of type '{type}' can never be of type '{other}'."),
    say("Fragment cannot be spread here as objects of type '{type}' can never be of type '{other}'."),
    say("Fields '{field}' conflict because {reason}. Use different aliases on the fields to fetch both if this was "
        "intentional."),
    say("Variable '{variable}' is not defined."),
    say("Variable '{variable}' is not defined by operation '{operation}'."),
    say("Variable '{variable}' is never used."),
    say("Variable '{variable}' is never used in operation '{operation}'."),
    say("Variable '{variable}' cannot be non-input type '{type}'."),
    say("Variable '{variable}' of type '{type}' used in position expecting type '{other}'."),
    say("Variable '{variable}' expected value of type '{type}' which cannot be used as an input type."),
    say("Variable '{variable}' has invalid value at {place}: {error}"),
    say("Variable '{variable}' has invalid value: {error}"),
    say("Variable '{variable}' has invalid default value: {error}"),
    say("Argument '{argument}' has invalid value at {place}: {error}"),
    say("Argument '{argument}' has invalid value: {error}"),
    say("Variable values are nested too deeply."),
    say("Too many errors processing variables, error limit reached. Execution aborted."),
    say("Too many validation errors, error limit reached. Validation aborted."),
    say("Expected value of non-null type '{type}' not to be None."),
    say("Expected value of type '{type}' to be an object."),
    say("Expected value of type '{type}' to include required field '{field}'."),
    say("Expected value of type '{type}' not to include unknown field."),
    say("Expected value of type '{type}' not to include unknown field '{field}'."),
    say("Expected value of type '{type}' not to include unknown field '{field}'. Did you mean {names}?"),
    say("Expected value of type '{type}' to be valid."),
    say("Expected value of type '{type}', but encountered error '{error}'."),
    say("Expected value of type '{type}'."),
    say("Value does not exist in '{type}' enum."),
    say("Value does not exist in '{type}' enum. It is one of: {values}."),
    say("Enum '{type}' cannot represent non-enum."),
    say("Enum '{type}' cannot represent non-enum. It is one of: {values}."),
    say("Enum '{type}' cannot represent non-string."),
    say("Enum '{type}' cannot represent non-string. It is one of: {values}."),
    say("String cannot represent a non string."),
    say("Boolean cannot represent a non boolean."),
    say("Int cannot represent non-integer."),
    say("Int cannot represent non 32-bit signed integer."),
    say("Float cannot represent non numeric."),
    say("ID cannot represent."),
    say("ID cannot represent a non-string and non-integer."),
    say("Syntax Error: Document contains more than {most} tokens. Parsing aborted."),
    say("Syntax Error: Document is nested too deeply. Parsing aborted."),
    say("Syntax Error: Expected {expected}, found {found}."),
    say("Syntax Error: Unexpected {found}."),
    say("Syntax Error: Unterminated string."),
    say("Expected a value of non-null type '{type}' to be provided."),
    say("Syntax Error: Invalid character: {found}."),
    say("Syntax Error: Unexpected character: {found}."),
    say("Syntax Error: Invalid number, unexpected digit after 0: {found}."),
    say("Syntax Error: Invalid number, expected digit but got: {found}."),
)  # fmt: skip


def _compile() -> Iterator[tuple[re.Pattern[str], str]]:
    for template in TEMPLATES:
        yield re.compile(PLACE.sub(r"(?P<\1>.+?)", re.escape(template)), re.DOTALL), template


PATTERNS = tuple(_compile())


def recognise(message: str, schema: GraphQLSchema | None = None) -> str:
    """Return a message with its template and values; as it is if its template is not known. schema: whose enums have
    their values listed."""
    for pattern, template in PATTERNS:
        if found := pattern.fullmatch(message):
            values = {name: _read(name, value, schema) for name, value in found.groupdict().items()}
            return _list_values(*_keep_near(template, values), schema)
    return message


def _read(name: str, value: str, schema: GraphQLSchema | None) -> Any:
    if name == "names":
        return NAME.findall(value)
    if name != NESTED:
        return value
    known = recognise(value, schema)
    return known if isinstance(known, Sentence) else reword(value, {})


def _keep_near(template: str, values: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return a template and its values with suggestions that are a few edits away only: graphql-core takes `nodes` for
    `cases`. Without any, the template without suggestions."""
    if not template.endswith(SUGGESTED):
        return template, values
    written = next(str(values[name]) for name in ABOUT if name in values)
    distance, most = LexicalDistance(written), max(1, len(written) // LETTERS_AN_EDIT)
    near = [name for name in values["names"] if distance.measure(name, most) is not None]
    return (template, {**values, "names": near}) if near else (template.removesuffix(SUGGESTED), values)


def _list_values(template: str, values: Mapping[str, Any], schema: GraphQLSchema | None) -> Sentence:
    """Return a sentence, with the values of the enum that it is about."""
    kind = schema.type_map.get(str(values.get("type"))) if schema else None
    if f"{template}{LISTED}" in TEMPLATES and isinstance(kind, GraphQLEnumType):
        return reword(f"{template}{LISTED}", {**values, "values": list(kind.values)})
    return reword(template, values)
