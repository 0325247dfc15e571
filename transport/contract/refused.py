"""Refusals of the endpoints for files and of the log, as a type and as answers of the OpenAPI document."""

from typing import TypedDict

from auth.server.contract.operations import CHALLENGE, NONCE, RETRY_AFTER
from openapi.operation import ApiAnswer, SentHeader
from transport.contract.graphql import Code

JSON, TEXT = "application/json", "text/plain"


class FileRefusal(TypedDict):
    """Why nothing was taken or sent, and what to do."""

    error: str
    code: Code
    remedy: str
    docUrl: str


def refuse(status: int, about: str, *headers: SentHeader) -> ApiAnswer:
    """Return a refusal."""
    return ApiAnswer(status, about, {JSON: FileRefusal}, headers)


WRONG = refuse(400, "The file cannot be read: the message names the line.")
NO_TOKEN = refuse(401, "There is no valid token, or its proof is not.", CHALLENGE, NONCE)
NO_SCOPE = refuse(403, "The token lacks the scope.", CHALLENGE)
NOT_THERE = refuse(404, "There is nothing at this address, or no longer.")
TOO_LARGE = refuse(413, "It is too large.")
NOT_READ = refuse(415, "It has another type, or is compressed.")
BEYOND = refuse(416, "The file ends before that.", SentHeader("Content-Range", "The size of the file."))
WAIT = ApiAnswer(429, "Too much at once: wait.", {JSON: FileRefusal, TEXT: str}, [RETRY_AFTER])
BROKEN = refuse(500, "The log contradicts itself. Tell the court.")
AWAY = ApiAnswer(503, "The service cannot answer now.", {JSON: FileRefusal, TEXT: str}, [RETRY_AFTER])
