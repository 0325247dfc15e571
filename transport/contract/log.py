"""The transparency log as operations of the OpenAPI document (C2SP tlog-tiles)."""

from typing import Annotated, Any, TypedDict

from msgspec import Meta

from openapi.operation import ApiAnswer, ApiOperation, ApiParameter
from transport.contract.refused import AWAY, BROKEN, JSON, NOT_THERE, TEXT, TOO_LARGE, refuse

LOG = "Transparency log"
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class InclusionAnswer(TypedDict):
    """A proof that a leaf is in the log (RFC 9162, section 2.1.3)."""

    index: int
    size: int
    path: list[Hash]
    checkpoint: Annotated[str, Meta(description="Signed, as at /log/checkpoint.")]


class ConsistencyAnswer(TypedDict):
    """A proof that a log continues a smaller one (RFC 9162, section 2.1.4)."""

    old: int
    new: int
    path: list[Hash]


class CosignaturesAnswer(TypedDict):
    """How many cosignatures were added."""

    added: int


def read(name: str, summary: str, kind: str, body: Any, *parameters: ApiParameter, details: str = "") -> ApiOperation:
    """Return an operation that reads the log."""
    done = ApiAnswer(200, "What was asked for.", {kind: body})
    return ApiOperation("GET", name, LOG, summary, (done, NOT_THERE, BROKEN, AWAY), details, parameters=parameters)


CHECKPOINT = read("readCheckpoint", "The newest checkpoint, with its cosignatures", TEXT, str)
COSIGNED = read("readCosigned", "The newest checkpoint that a witness has cosigned", TEXT, str)
ROTATION = read(
    "readRotation",
    "A change of the log's key",
    TEXT,
    str,
    ApiParameter("number", "From 1.", pattern="^[1-9][0-9]{0,3}$"),
)
TILE = read(
    "readTile",
    "A tile of hashes, or a bundle of entries",
    "application/octet-stream",
    None,
    ApiParameter("path", "LEVEL/INDEX, as in C2SP tlog-tiles. Its slashes are not encoded.", example="0/000"),
)
INCLUSION = read(
    "readInclusion",
    "The proof that an answer is in the log",
    JSON,
    InclusionAnswer,
    ApiParameter("moment", "The time of the answer in microseconds.", pattern="^[0-9]{1,17}$"),
    ApiParameter("leaf", "The hash, as a receipt names it.", pattern="^[0-9a-f]{64}$"),
)
CONSISTENCY = read(
    "readConsistency",
    "The proof that the log continues a smaller one",
    JSON,
    ConsistencyAnswer,
    ApiParameter("old", "A size.", pattern="^[1-9][0-9]{0,17}$"),
    ApiParameter("new", "A later size.", pattern="^[1-9][0-9]{0,17}$"),
)
COSIGNATURES = ApiOperation(
    "POST",
    "addCosignatures",
    LOG,
    "Hand in cosignatures of a checkpoint",
    (
        ApiAnswer(200, "They are kept.", {JSON: CosignaturesAnswer}),
        refuse(400, "It is no signed note."),
        refuse(403, "No signature is of a witness that is known here."),
        NOT_THERE,
        TOO_LARGE,
        AWAY,
    ),
    "For witnesses whose keys the operator has entered. The body is a signed note.",
    bodies={TEXT: str},
)
