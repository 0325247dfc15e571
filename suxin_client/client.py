"""Tokens and queries."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property
from types import TracebackType
from typing import Any

import httpx2
from joserfc.jwk import Key

from suxin_client.failures import AnswerError, ClientError, RefusedError, UnreachableError
from suxin_client.profile import Profile
from suxin_client.signing import ASSERTION_TYPE, read_key, sign_assertion, sign_proof

NONCE = "dpop-nonce"
EARLY_SECONDS = 20
"""How long before its end a token is renewed."""

TOLERATED_SECONDS = 5
"""Up to which difference this machine's clock is taken as right."""


@dataclass(frozen=True)
class Answer:
    """The data of an answer without errors. extensions: cost, request id and more, as the service sends them."""

    data: Any
    extensions: Mapping[str, Any]

    @property
    def request_id(self) -> str | None:
        """By which the access log knows this answer."""
        return self.extensions.get("requestId")


@dataclass
class Client:
    """Asks a service as a client. It is used as a context, by one thread. clock: seconds since the epoch. scopes: of
    its tokens; all by default."""

    profile: Profile
    clock: Callable[[], float] = time.time
    scopes: tuple[str, ...] = ()
    http: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=30))
    offset: float = 0
    """By how much the clock of the server is ahead of ours."""

    _token: str | None = field(default=None, repr=False)
    _ends: float = 0
    _nonce: str | None = field(default=None, repr=False)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.http.close()

    @cached_property
    def _key(self) -> Key:
        return read_key(self.profile.key)

    @cached_property
    def _proof_key(self) -> Key | None:
        return read_key(self.profile.proof_key) if self.profile.proof_key else None

    def now(self) -> float:
        """Return the time of the server, as far as it is known."""
        return self.clock() + self.offset

    def ask(self, query: str, variables: Mapping[str, Any] | None = None, operation: str | None = None) -> Answer:
        """Return the answer to a document. Raises AnswerError if it has errors, RefusedError, UnreachableError."""
        body: dict[str, Any] = {"query": query, "variables": dict(variables or {})}
        if operation:
            body["operationName"] = operation
        response = self._post(f"{self.profile.address}/graphql", body)
        answer = _read_json(response)
        extensions = answer.get("extensions") or {}
        if errors := answer.get("errors"):
            waiting = response.headers.get("retry-after", "")
            seconds = float(waiting) if waiting.isdigit() else None
            raise AnswerError(errors, answer.get("data"), extensions, seconds)
        if "data" not in answer:
            raise ClientError(f"The service answered {response.status_code} without an answer. Is the address right?")
        return Answer(answer["data"], extensions)

    def ask_for_link(self) -> str:
        """Return the address of a page that signs in a developer of this client, once, within a minute. Raises
        RefusedError, UnreachableError."""
        response = self._post(f"{self.profile.address}/developers/sign-in", {})
        answer = _read_json(response)
        if response.status_code != 201:
            told = f"{answer.get('error', response.status_code)} {answer.get('remedy', '')}".rstrip()
            raise RefusedError(told, str(answer.get("code", response.status_code)))
        return str(answer["address"])

    def token(self) -> str:
        """Return an access token, which is kept until shortly before its end. Raises RefusedError, UnreachableError."""
        if self._token is None or self.now() >= self._ends - EARLY_SECONDS:
            self._token = self._request_token()
        return self._token

    def _post(self, url: str, body: Mapping[str, Any]) -> httpx2.Response:
        """Send a question. It is sent a second time with a new token or nonce, if that is what was wrong."""
        for last in (False, True):
            token = self.token()
            headers = {"authorization": f"{'DPoP' if self._proof_key else 'Bearer'} {token}", **self._prove(url, token)}
            response = self._send(url, headers, json=dict(body))
            if response.status_code != 401 or last:
                break
            if NONCE not in response.headers:
                self._token = None
        if response.status_code == 401:
            raise RefusedError(f"The token is refused: {_describe(response)}", "invalid_token")
        return response

    def _request_token(self) -> str:
        url = f"{self.profile.address}/oauth/token"
        for last in (False, True):
            before = self.offset
            form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
            form["client_assertion"] = sign_assertion(
                self._key, self.profile.client_id, self.profile.address, self.now()
            )
            if self.scopes:
                form["scope"] = " ".join(self.scopes)
            response = self._send(url, self._prove(url, None), data=form)
            answer = _read_json(response)
            if response.status_code == 200:
                self._ends = self.now() + float(answer.get("expires_in", 60))
                return str(answer["access_token"])
            again = answer.get("error") == "use_dpop_nonce" or self.offset != before
            if last or not again:
                break
        code = str(answer.get("error", response.status_code))
        raise RefusedError(f"{code}: {answer.get('error_description', 'no token was issued.')}", code)

    def _prove(self, url: str, token: str | None) -> dict[str, str]:
        if self._proof_key is None:
            return {}
        return {"DPoP": sign_proof(self._proof_key, "POST", url, self.now(), self._nonce, token)}

    def _send(self, url: str, headers: Mapping[str, str], **content: Any) -> httpx2.Response:
        try:
            response = self.http.post(url, headers=dict(headers), **content)
        except httpx2.HTTPError as error:
            told = f"Nobody answers at {self.profile.address} ({type(error).__name__}). Check the address; try again."
            raise UnreachableError(told) from error
        self._nonce = response.headers.get(NONCE, self._nonce)
        self._set_clock(response.headers.get("date"))
        return response

    def _set_clock(self, date: str | None) -> None:
        """Learn the server's time: assertions and proofs of a machine whose clock is wrong would be refused."""
        try:
            ahead = parsedate_to_datetime(date or "").timestamp() - self.clock()
        except (TypeError, ValueError):
            return
        if abs(ahead - self.offset) > TOLERATED_SECONDS:
            self.offset = ahead


def _read_json(response: httpx2.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ClientError(f"{response.url} answered {response.status_code} without JSON. Is the address right?")
    return found


def _describe(response: httpx2.Response) -> str:
    answer = _read_json(response)
    errors = answer.get("errors") or [{}]
    return str(errors[0].get("message") or answer.get("error") or response.status_code)
