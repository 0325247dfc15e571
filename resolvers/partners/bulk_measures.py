"""Validation of a bulk operation's document before the operation starts."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError

from casework.refusal import Refusal
from engine.document.document import DocumentError
from engine.document.json_values import JsonError, check_depth, read_json
from engine.engine import Engine
from models.bulk_operation import BulkKind
from resolvers.caller import Caller
from resolvers.partners.bulk_document import BulkDocumentError, try_document

HINT = "Try it as an ordinary query first, with `first: 1`."


def measure_pages(
    engine: Engine, kind: BulkKind, text: str, variables: str | None, caller: Caller
) -> tuple[Mapping[str, Any], int]:
    """Return the variables, and the rows or subjects of a page. Raises Refusal BAD_DOCUMENT."""
    given = _variables(variables)
    try:
        return given, try_document(engine, kind, text, given, caller)
    except (BulkDocumentError, DocumentError, GraphQLError) as error:
        errors = error.errors if isinstance(error, DocumentError) else [error]
        message = "; ".join(one.message if isinstance(one, GraphQLError) else str(one) for one in errors)
        raise Refusal("BAD_DOCUMENT", message, HINT, "document") from None


def _variables(text: str | None) -> Mapping[str, Any]:
    try:
        found = read_json((text or "{}").encode())
        check_depth(found)
    except (JsonError, UnicodeEncodeError):
        found = None
    if not isinstance(found, dict):
        raise Refusal("BAD_DOCUMENT", "These variables are no JSON object.", "Send an object as text.", "variables")
    return found
