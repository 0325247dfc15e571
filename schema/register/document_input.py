"""Documents of identity in inputs."""

import strawberry

from engine.policy import OPEN, require
from models.documents import DocumentKind
from schema.inputs import required

OTHER_DOCUMENT = "Another document of the subject, instead of a number above (其他证件)."


@strawberry.input(description="A document by its kind and number (证件). The number is kept as a keyed hash (R18).")
class DocumentKey:
    """The kind and number of a document."""

    kind: DocumentKind = required("Kind of document (证件类型).")
    number: str = required("Its number (证件号码).")


require(DocumentKey, OPEN)
