"""The OpenID provider: its discovery document, its keys, and its token endpoint. Runs in threads.

Nothing is fetched before it is needed, so that the service starts while the provider is away. What is no proper answer
replaces nothing; after a failure the provider is not asked for ten seconds, and its keys are fetched again for an
unknown `kid` (OpenID Connect Core, 10.1.1), at most twice a minute.
"""

import json
import logging
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import quote_plus, urlsplit

import httpx2
from authlib.oidc.discovery import get_well_known_url

from auth.openid.terms import OpenIdTerms

KEPT_SECONDS, PAUSE_SECONDS, KEYS_PAUSE_SECONDS = 3600, 10, 30
TIMEOUT_SECONDS = 5.0
LARGEST_ANSWER = 256 * 1024
FORM = "application/x-www-form-urlencoded"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
log = logging.getLogger("suxin.openid")


class ProviderAwayError(Exception):
    """The provider does not answer, or not with what it should. asked: whether it was asked just now."""

    def __init__(self, told: str, *, asked: bool = True) -> None:
        super().__init__(told)
        self.asked = asked


class CodeRefusedError(Exception):
    """The token endpoint refuses a code."""


class Send(Protocol):
    """Sends a request: GET without a form, else POST."""

    def __call__(
        self, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return the status and the body. Raises httpx2.HTTPError, OSError, ValueError."""


@dataclass(frozen=True)
class ProviderMetadata:
    """What the discovery document says. names_issuer: whether authorization responses have `iss` (RFC 9207)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_issuer: bool
    secret_in_body: bool


class OpenIdProvider:
    """A provider on terms. clock: in seconds. send: sends requests; they are not redirected."""

    def __init__(self, terms: OpenIdTerms, clock: Callable[[], float], send: Send | None = None) -> None:
        self.terms, self._clock = terms, clock
        self._send_with = send
        self._lock = threading.Lock()
        self._metadata: tuple[float, ProviderMetadata] | None = None
        self._keys: tuple[float, list[dict[str, Any]]] | None = None
        self._failed_at = -float(PAUSE_SECONDS)

    @classmethod
    def of(cls, terms: OpenIdTerms | None, clock: Callable[[], float]) -> "OpenIdProvider | None":
        """Return the provider of these terms; None without terms."""
        return None if terms is None else cls(terms, clock)

    @cached_property
    def _send(self) -> Send:
        return self._send_with or make_send()

    def find_metadata(self) -> ProviderMetadata:
        """Return the metadata, at most an hour old. Raises ProviderAwayError."""
        with self._lock:
            if self._metadata is None or self._clock() - self._metadata[0] >= KEPT_SECONDS:
                self._metadata = self._clock(), self._read_metadata()
            return self._metadata[1]

    def find_keys(self, kid: object) -> list[dict[str, Any]]:
        """Return the provider's key set, which is fetched again if it has no such key. Raises ProviderAwayError."""
        address = self.find_metadata().jwks_uri
        with self._lock:
            now, known = self._clock(), self._keys
            pause = KEPT_SECONDS if known and _has(known[1], kid) else KEYS_PAUSE_SECONDS
            if known is None or now - known[0] >= pause:
                keys = self._get(address).get("keys")
                if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
                    raise self._fail("its key set is none (RFC 7517, section 5)")
                self._keys = known = now, keys
            return known[1]

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        """Return the answer of the token endpoint to a code (RFC 6749, section 4.1.3; RFC 7636). Raises
        ProviderAwayError, CodeRefusedError."""
        metadata, terms = self.find_metadata(), self.terms
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        form |= {"code_verifier": verifier}
        headers = {"accept": "application/json"}
        if terms.secret is None:
            form["client_id"] = terms.client_id
        elif metadata.secret_in_body:
            form |= {"client_id": terms.client_id, "client_secret": terms.secret}
        else:
            named = f"{quote_plus(terms.client_id)}:{quote_plus(terms.secret)}"  # RFC 6749, section 2.3.1
            headers["authorization"] = f"Basic {b64encode(named.encode()).decode()}"
        status, body = self._ask(metadata.token_endpoint, headers, form)
        if 400 <= status < 500:
            log.warning("the OpenID provider refused a code with status %d", status)
            raise CodeRefusedError
        return self._read(status, body)

    def _read_metadata(self) -> ProviderMetadata:
        found = self._get(get_well_known_url(self.terms.issuer, external=True))
        if found.get("issuer") != self.terms.issuer:  # OpenID Connect Discovery, 4.3
            raise self._fail("its document names another issuer than SUXIN_OPENID_ISSUER")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        endpoints = {name: found.get(name) for name in names}
        for name, address in endpoints.items():
            if not isinstance(address, str) or not _is_guarded(address):
                raise self._fail(f"{name} is no https address")
        methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return ProviderMetadata(
            **{name: str(address) for name, address in endpoints.items()},
            names_issuer=found.get("authorization_response_iss_parameter_supported") is True,
            secret_in_body="client_secret_basic" not in methods,
        )

    def _get(self, url: str) -> dict[str, Any]:
        if self._clock() - self._failed_at < PAUSE_SECONDS:
            raise ProviderAwayError("it did not answer just now", asked=False)
        status, body = self._ask(url, {"accept": "application/json"})
        return self._read(status, body)

    def _ask(self, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        try:
            return self._send(url, headers, form)
        except (httpx2.HTTPError, OSError, ValueError) as error:
            raise self._fail(type(error).__name__) from None

    def _read(self, status: int, body: bytes) -> dict[str, Any]:
        try:
            found = json.loads(body) if status == 200 else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._fail(f"status {status}, or no JSON object")
        return found

    def _fail(self, told: str) -> ProviderAwayError:
        """Return the error, and ask for nothing for a while."""
        self._failed_at = self._clock()
        log.error("the OpenID provider does not answer: %s", told)
        return ProviderAwayError(told)


def make_send() -> Send:
    """Return what sends requests by HTTP, each within five seconds, by a connection of its own, with the authorities of
    the system."""
    context = ssl.create_default_context()

    def send(url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        body = bytearray()
        data, method = (None, "GET") if form is None else (dict(form), "POST")
        with (
            httpx2.Client(verify=context, timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream(method, url, headers=dict(headers), data=data) as answer,
        ):
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise ValueError("too long")
            return answer.status_code, bytes(body)

    return send


def _has(keys: list[dict[str, Any]], kid: object) -> bool:
    return any(key.get("kid") == kid for key in keys)


def _is_guarded(address: str) -> bool:
    """Return whether an address is one of TLS, or of this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme, parts.hostname in LOOPBACK) == ("http", True)
    )
