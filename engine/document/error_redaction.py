"""Removal of values from the messages of graphql-core. A value may be a name or a number of a person."""

import re
from typing import Any

from graphql import GraphQLError, GraphQLSchema

from engine.document.library_messages import recognise
from languages.sentence import Sentence, reword

TAIL = re.compile(r"(?:[,;] found: |(?<!invalid) value: | Did you mean ).*", re.DOTALL)
QUOTED = re.compile(r"(?<=Value )['\"].*['\"] (?=does not exist in)|(?<=String) ['\"].*['\"]", re.DOTALL)
ABOUT_NAMES = re.compile(r"(?:Cannot query field|Unknown (?:argument|type)) '[A-Za-z_]\w{0,60}'[ .]", re.ASCII)
FOUND = re.compile(r"(unknown field '[A-Za-z_]\w{0,60}'\. Did you mean [^?]*\?) Found: .*", re.DOTALL | re.ASCII)
"""Messages whose suggestions are names of the schema that the caller may see."""

UNKNOWN_FIELD = re.compile(r"(?<=unknown field) '(?![A-Za-z_]\w{0,60}').*'", re.DOTALL | re.ASCII)
DIGITS = re.compile(r"[0-9０-９]{6,}[0-9Xx０-９Ｘｘ]*")


def add_code(error: GraphQLError, code: str, schema: GraphQLSchema | None = None) -> GraphQLError:
    """Return the error with a code in its extensions and without quoted values. schema: has the values of enums."""
    extensions = {"code": code, **(error.extensions or {})}
    return GraphQLError(
        redact_message(error.message, schema), error.nodes, error.source, error.positions, error.path, None, extensions
    )


def redact_message(message: str, schema: GraphQLSchema | None = None) -> str:
    """Return the message without the parts that quote values."""
    if isinstance(message, Sentence):
        return reword(message.template, {name: _redact_digits(value) for name, value in message.values.items()})
    return recognise(redact_text(message), schema)


def _redact_digits(value: Any) -> Any:
    return DIGITS.sub("…", value) if type(value) is str else value


def redact_text(message: str) -> str:
    """Return a message of graphql-core without the parts that quote values."""
    kept = FOUND.sub(r"\1", message)
    if kept == message and not ABOUT_NAMES.match(message):
        kept = QUOTED.sub("", TAIL.sub("", message))
    kept = DIGITS.sub("…", UNKNOWN_FIELD.sub("", kept))
    return kept if kept.endswith((".", "!", "?")) else f"{kept}."
