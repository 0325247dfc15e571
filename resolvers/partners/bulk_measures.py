"""What a bulk operation's document comes to before it is begun: refused, or so many rows a page."""

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
    """The variables, and how many rows or subjects make a page. Raises Refusal BAD_DOCUMENT for what cannot run."""
    given = _variables(variables)
    try:
        return given, try_document(engine, kind, text, given, caller)
    except BulkDocumentError as error:
        raise _refusal(str(error)) from None
    except DocumentError as error:
        raise _refusal("; ".join(one.message for one in error.errors)) from None
    except GraphQLError as error:
        raise _refusal(error.message) from None


def _refusal(message: str) -> Refusal:
    return Refusal("BAD_DOCUMENT", message, HINT, "document")


def _variables(text: str | None) -> Mapping[str, Any]:
    try:
        found = read_json((text or "{}").encode())
        check_depth(found)
    except (JsonError, UnicodeEncodeError):
        found = None
    if not isinstance(found, dict):
        raise Refusal("BAD_DOCUMENT", "These variables are no JSON object.", "Send an object as text.", "variables")
    return found
