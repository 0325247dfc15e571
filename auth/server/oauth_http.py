"""Requests to the OAuth endpoints, in the form that authlib expects, and error responses."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import sqlalchemy as sa
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

from auth.administration.operator import source_of
from auth.clients.certificates import ClientCertificate, read_certificate
from auth.metadata import describe_at
from auth.proofs.proof import HEADER, NONCE_HEADER, Proof, Sent
from auth.request_body import ONLY_IDENTITY, TAKEN, is_encoded, media_type_of, read_bounded
from languages.negotiation import HEADER as ACCEPT_LANGUAGE
from languages.negotiation import Language, choose_language
from languages.sentence import say
from languages.translation import translate
from models.readable import UNREADABLE_LINE

FORM_TYPE = "application/x-www-form-urlencoded"
MAXIMUM_BODY = 32_768
MAXIMUM_FIELDS = 64
FORBIDDEN = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
"""What no description may hold (RFC 6749, section 5.2)."""


class OAuthRefusal(OAuth2Error):  # type: ignore[misc]  # authlib has no types
    """An OAuth error response: HTTP status, RFC error code, and a sentence that says what to do. nonce: for the next
    proof (RFC 9449, section 8).

    A description is English: it has ASCII only, without quotation mark and backslash (RFC 6749, section 5.2). `told` is
    the sentence as it was said, for other languages.
    """

    def __init__(self, error: str, description: str, status: int = 400, nonce: str = "") -> None:
        plain = FORBIDDEN.sub("?", description.replace('"', "'"))
        super().__init__(description=plain, status_code=status, error=error)
        self.told, self.nonce = description, nonce

    def get_headers(self) -> list[tuple[str, str]]:
        """Add the authentication scheme to 401 (RFC 6749, section 5.2) and the accepted codings to 415."""
        headers: list[tuple[str, str]] = super().get_headers()
        if self.nonce:
            headers.append((NONCE_HEADER, self.nonce))
        if self.status_code == 415:
            headers.extend(TAKEN.items())
        if self.status_code == 401:
            headers.append(("WWW-Authenticate", f'Basic realm="suxin", error="{self.error}"'))
        return headers


def write_refusal(
    error: OAuth2Error, issuer: str, asked: Mapping[str, str]
) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
    """Return status, body and headers of an error response (RFC 6749, section 5.2), with the page about its code. The
    description is English; `message` says the same in the language of the request, if that is another one. asked: the
    headers of the request."""
    status, body, headers = error(describe_at(issuer, error.error))
    language = choose_language(asked.get(ACCEPT_LANGUAGE))
    if language is not Language.EN:
        body["message"] = translate(getattr(error, "told", None) or error.description or "", language)
    return status, body, headers


def invalid_request(description: str) -> OAuthRefusal:
    """Return the error for a missing, repeated or malformed parameter (RFC 6749, section 5.2)."""
    return OAuthRefusal("invalid_request", description)


class Form(OAuth2Payload):  # type: ignore[misc]  # authlib has no types
    """The parameters of a body. Parameters without a value are omitted (RFC 6749, section 3.2)."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in fields:
            self._lists[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        """The values that are not empty."""
        return {name: values[0] for name, values in self._lists.items() if values[0]}

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """All values of all parameters."""
        return self._lists


class OAuthRequest(OAuth2Request):  # type: ignore[misc]  # authlib has no types
    """A request that is read on the event loop and answered in a thread.

    The URL is built from the configured issuer, not from the Host header. connection: set in the thread; authlib passes
    the request to every grant and endpoint, so it carries the transaction. proof: set in the thread, once verified.
    certificate: of the connection.
    """

    connection: sa.Connection
    proof: Proof | None = None

    def __init__(
        self,
        url: str,
        headers: Headers,
        fields: Sequence[tuple[str, str]],
        certificate: ClientCertificate | None = None,
    ) -> None:
        super().__init__(method="POST", uri=url, headers=headers)
        self.payload = Form(fields)
        self.sent = Sent(headers.getlist(HEADER), "POST", url)
        self.certificate = certificate

    @property
    def form(self) -> dict[str, str]:
        """The parameters of the body; the query string is never used."""
        values: dict[str, str] = self.payload.data
        return values


@dataclass(frozen=True)
class Visit:
    """A request of a browser to the sign-in pages.

    form: None for GET, else with a password. same_origin: whether a page of this origin sent the form (Fetch Metadata).
    source: the address that the request comes from.
    """

    query: Mapping[str, str]
    cookies: Mapping[str, str]
    form: Mapping[str, str] | None = field(default=None, repr=False)
    same_origin: bool = False
    source: str = ""


async def read_request(request: Request, issuer: str) -> OAuthRequest:
    """Read a POST request. Raises OAuthRefusal unless it is an unambiguous form."""
    if request.scope["query_string"]:
        raise invalid_request("Send all parameters in the body: a URL is logged on its way, and may hold secrets.")
    if len(request.headers.getlist("authorization")) > 1:
        raise invalid_request("Send one Authorization header.")
    url, certificate = issuer + request.scope["path"], read_certificate(request.scope)
    return OAuthRequest(url, request.headers, await _form(request), certificate)


async def read_visit(request: Request) -> Visit:
    """Read a request of a browser. Raises OAuthRefusal."""
    query = Form(_fields(request.scope["query_string"])).data
    form = Form(await _form(request)).data if request.method == "POST" else None
    same_origin = request.headers.get("sec-fetch-site") == "same-origin"
    return Visit(query, request.cookies, form, same_origin, source_of(request))


async def _form(request: Request) -> list[tuple[str, str]]:
    if media_type_of(request.headers) != FORM_TYPE:
        raise invalid_request(say("Send a body of the type {form_type}.", form_type=FORM_TYPE))
    if is_encoded(request.headers):
        raise OAuthRefusal("invalid_request", ONLY_IDENTITY, 415)
    return _fields(await _body(request))


def _fields(text: bytes) -> list[tuple[str, str]]:
    """Parse the parameters of a form or query string. Raises OAuthRefusal for a repeated one."""
    fields = _parse(text)
    names = [name for name, _ in fields]
    if len(set(names)) < len(names):
        raise invalid_request("A parameter is repeated. Send each parameter once (RFC 6749, section 3.2).")
    return fields


async def _body(request: Request) -> bytes:
    try:
        body = await read_bounded(request, MAXIMUM_BODY)
    except ClientDisconnect:
        raise invalid_request("The connection closed before the body was complete.") from None
    if body is None:
        raise OAuthRefusal(
            "invalid_request", say("The body is larger than {maximum_body} bytes.", maximum_body=MAXIMUM_BODY), 413
        )
    return body


def _parse(body: bytes) -> list[tuple[str, str]]:
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAXIMUM_FIELDS, errors="strict")
    except ValueError:
        raise invalid_request("The body is not a well-formed form in UTF-8 with at most 64 parameters.") from None
    if any(UNREADABLE_LINE.search(text) for field in fields for text in field):
        raise invalid_request("A parameter holds a control character.")
    return fields
