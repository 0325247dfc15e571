"""Removal of values from the messages of graphql-core. A value may be a name or a number of a person."""

import re

from graphql import GraphQLError

TAIL = re.compile(r"(?:[,;] found: |(?<!invalid) value: | Did you mean ).*", re.DOTALL)
QUOTED = re.compile(r"(?<=Value )['\"].*['\"] (?=does not exist in)|(?<=String) ['\"].*['\"]", re.DOTALL)
UNKNOWN_FIELD = re.compile(r"(?<=unknown field) '(?![A-Za-z_]\w{0,60}').*'", re.DOTALL | re.ASCII)
DIGITS = re.compile(r"[0-9０-９]{6,}[0-9Xx０-９Ｘｘ]*")


def add_code(error: GraphQLError, code: str) -> GraphQLError:
    """Return the error with a code in its extensions and without quoted values."""
    extensions = {"code": code, **(error.extensions or {})}
    return GraphQLError(
        redact_message(error.message), error.nodes, error.source, error.positions, error.path, None, extensions
    )


def redact_message(message: str) -> str:
    """Return the message without the parts that quote values."""
    kept = QUOTED.sub("", TAIL.sub("", message))
    kept = DIGITS.sub("…", UNKNOWN_FIELD.sub("", kept))
    return kept if kept.endswith((".", "!", "?")) else f"{kept}."
