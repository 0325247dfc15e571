"""What a bulk operation's document comes to before it is begun: refused, or so many rows a page."""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError

from casework.refusal import Refusal
from models.bulk_operation import BulkKind
from resolvers.mutations.acting import Acting

HINT = "Try it as an ordinary query first, with `first: 1`."


def measure(kind: BulkKind, text: str, given: Mapping[str, Any], acting: Acting) -> int:
    """How many rows or subjects make a page. Raises Refusal BAD_DOCUMENT for a document that cannot run."""
    # The schema is made of the mutation that asks this.
    from schema.bulk_document import BulkDocumentError, trial  # noqa: PLC0415
    from schema.document import DocumentError  # noqa: PLC0415

    try:
        return trial(kind, text, given, acting.caller)
    except BulkDocumentError as error:
        raise Refusal("BAD_DOCUMENT", str(error), HINT, "document") from None
    except DocumentError as error:
        raise Refusal("BAD_DOCUMENT", "; ".join(one.message for one in error.errors), HINT, "document") from None
    except GraphQLError as error:
        raise Refusal("BAD_DOCUMENT", error.message, HINT, "document") from None
