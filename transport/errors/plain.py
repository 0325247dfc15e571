"""Refusals of the endpoints that speak no GraphQL: files and the transparency log."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from languages.negotiation import HEADER, choose_language
from languages.translation import translate
from languages.words import find_remedy
from transport.contract.refused import FileRefusal
from transport.errors.catalogue import address_of

CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    413: "BODY_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    416: "BAD_REQUEST",
    429: "THROTTLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def refuse_file(
    asked: Mapping[str, str],
    issuer: str,
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    hint: str = "",
) -> Response:
    """Return a refusal in the language of the request, with its code, what to do, and the page about the code.

    asked: the headers of the request. headers: of the response. hint: what to do, if the catalogue does not say it.
    """
    code, language = CODES.get(status, "BAD_REQUEST"), choose_language(asked.get(HEADER))
    remedy = translate(hint, language) if hint else find_remedy(code, language)
    told: FileRefusal = {
        "error": translate(message, language),
        "code": code,
        "remedy": remedy,
        "docUrl": address_of(issuer, code),
    }
    sent: dict[str, Any] = {"cache-control": "no-store", "content-language": language, "vary": HEADER}
    return JSONResponse(told, status, {**sent, **(headers or {})})
