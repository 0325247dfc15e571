"""Integrity reports as an operation of the OpenAPI document."""

from typing import Any, NotRequired, TypedDict

from openapi.operation import ApiAnswer, ApiOperation, ApiParameter

JSON, HTML = "application/json", "text/html"


class ReportAnswer(TypedDict):
    """A report, if its status is VALID; the JWS proves it (RFC 7515)."""

    status: str
    claims: NotRequired[dict[str, Any]]
    jws: NotRequired[str]


REPORT = ApiOperation(
    "GET",
    "showReport",
    "Reports",
    "Show a judicial integrity report",
    (
        ApiAnswer(
            200,
            "The report, in the form of the suffix. What prefetches or previews gets a page without it.",
            {JSON: ReportAnswer, HTML: str, "application/pdf": None, "application/jose": str},
        ),
        ApiAnswer(404, "There is no such report.", {JSON: ReportAnswer, HTML: str}),
        ApiAnswer(410, "It has expired, or its subject has revoked it.", {JSON: ReportAnswer, HTML: str}),
        ApiAnswer(429, "A page: too many views at once.", {HTML: str}),
        ApiAnswer(500, "A page: something failed.", {HTML: str}),
        ApiAnswer(503, "A page: the service cannot answer now.", {HTML: str, "text/plain": str}),
    ),
    "The code is the only credential: its subject gives it to whom it likes. Each view is entered in its log.",
    parameters=[
        ApiParameter(
            "name",
            "The code, then nothing for a page, .pdf, .jws for the signed form, or .json.",
            pattern=r"^SR(-[A-Z2-7]{4}){7}(\.(pdf|jws|json))?$",
        )
    ],
)
