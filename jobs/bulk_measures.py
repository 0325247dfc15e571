"""What a bulk operation's document comes to before it is begun: refused, or so many rows a page."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError

from casework.refusal import Refusal
from engine.load.caller import Caller
from models.bulk_operation import BulkKind
from transport.body import BodyError, check_depth, read_json

HINT = "Try it as an ordinary query first, with `first: 1`."


def measure(kind: BulkKind, text: str, variables: str | None, caller: Caller) -> tuple[Mapping[str, Any], int]:
    """The variables, and how many rows or subjects make a page. Raises Refusal BAD_DOCUMENT for what cannot run."""
    # The schema is made of the mutation that asks this.
    from engine.document.document import DocumentError  # noqa: PLC0415
    from jobs.bulk_document import BulkDocumentError, trial  # noqa: PLC0415

    given = _variables(variables)
    try:
        return given, trial(kind, text, given, caller)
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
    except (BodyError, UnicodeEncodeError):
        found = None
    if not isinstance(found, dict):
        raise Refusal("BAD_DOCUMENT", "These variables are no JSON object.", "Send an object as text.", "variables")
    return found
