"""Uploads and downloads as operations of the OpenAPI document."""

from typing import Annotated, TypedDict

from msgspec import Meta

from auth.scopes import Scope
from auth.server.contract.operations import BOUND, LANGUAGE, NONCE, PROOF, TOKEN
from openapi.operation import ApiAnswer, ApiOperation, ApiParameter, SentHeader
from transport.contract.refused import (
    AWAY,
    BEYOND,
    JSON,
    NO_SCOPE,
    NO_TOKEN,
    NOT_READ,
    NOT_THERE,
    TOO_LARGE,
    WAIT,
    WRONG,
)

FILES = "Files"


class KeptUpload(TypedDict):
    """A file that is kept for a check of its lines."""

    upload: Annotated[str, Meta(description="Its id, for the mutation startBatchCheck.")]
    lines: Annotated[int, Meta(ge=1)]


UPLOAD = ApiOperation(
    "POST",
    "uploadFile",
    FILES,
    "Upload a file of subjects to be checked",
    (
        ApiAnswer(201, "The file is kept.", {JSON: KeptUpload}, [NONCE]),
        WRONG,
        NO_TOKEN,
        NO_SCOPE,
        TOO_LARGE,
        NOT_READ,
        WAIT,
        AWAY,
    ),
    "A line is a SubjectKey of the schema: a JSON object, or a row of CSV whose header has the names of its members.",
    callers={TOKEN: [Scope.BULK_WRITE.value], BOUND: [Scope.BULK_WRITE.value]},
    bodies={"text/csv": str, "application/jsonl": str, "application/x-ndjson": str},
    headers=[PROOF, LANGUAGE],
    example="name,organizationCode,reference\n宁波金榜电器有限公司,91330212999999920E,KH-2\n",
)
SENT = [
    SentHeader("ETag", "The SHA-256 of the file."),
    SentHeader("Content-Disposition", "A name for the file."),
    SentHeader("Accept-Ranges", "bytes"),
]
DOWNLOAD = ApiOperation(
    "GET",
    "downloadFile",
    FILES,
    "Download the file of a bulk operation",
    (
        ApiAnswer(200, "The file: JSON Lines, compressed.", {"application/gzip": None}, SENT),
        ApiAnswer(206, "A range of it.", {"application/gzip": None}, [*SENT, SentHeader("Content-Range", "Which.")]),
        NOT_THERE,
        BEYOND,
        WAIT,
        AWAY,
    ),
    "The mutation signDownload gives the address, which is all that is needed, for some minutes.",
    parameters=[ApiParameter("token", "Of the signed address.")],
    headers=[SentHeader("Range", "bytes=FIRST-LAST"), SentHeader("If-Range", "The ETag."), LANGUAGE],
)
