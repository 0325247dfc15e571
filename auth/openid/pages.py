"""The two addresses of a sign-in by the provider: the one that sends a browser there, and the one that it comes back to
(OpenID Connect Core 1.0, 3.1.2). Runs in threads; the provider is asked outside of transactions."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from starlette.responses import RedirectResponse, Response

from auth.administration.powers import find_power
from auth.administration.security_events import Happening, record
from auth.metadata import ACCOUNT_PATH, AUTHORIZATION_PATH, OPENID_CALLBACK_PATH
from auth.openid.attempts import BrowserAttempt, begin_attempt, use_attempt
from auth.openid.id_token import OLDEST_SECONDS, Identified, IdTokenError, validate
from auth.openid.links import find_linked
from auth.openid.offering import digest_back
from auth.openid.provider import CodeRefusedError, OpenIdProvider, ProviderAwayError
from auth.server.accounts import find_username, name_account
from auth.server.oauth_http import Visit
from auth.server.pages import render_message
from auth.server.token_store import to_datetime
from auth.staff.browser_session import BrowserSession
from auth.staff.session_ends import keep_proof
from models.security_event import SecurityAct

DESK = "/court"
BACK = (DESK, ACCOUNT_PATH)
"""Where a sign-in may lead to, beside the authorization endpoint: no address that somebody else chose."""

AGAIN = "请重新登录 Sign in again"
LOST = (
    "登录请求已失效，或不是由本浏览器发起，请重新登录。"
    "This sign-in is over, used, or was begun in another browser. Begin it again."
)
AWAY = (
    "统一身份认证暂时不可用。请稍后再试，或返回以密码登录。"
    "The identity provider does not answer. Try again later, or go back and sign in with your password."
)
AWAY_ONLY = (
    "统一身份认证暂时不可用，请稍后再试；本系统不接受密码登录。"
    "The identity provider does not answer. Try again later: passwords are not accepted here."
)
REFUSED = (
    "统一身份认证未通过，或该账号未在本系统登记，请联系管理员。"
    "The identity provider did not confirm it, or your login is linked to no account here. Ask your administrator."
)
log = logging.getLogger("suxin.openid")


class SignInRefusedError(Exception):
    """A person comes back and is not signed in. reason: of the security event. away: whether the provider is."""

    def __init__(self, reason: str, *, away: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.away = reason, away


@dataclass(frozen=True)
class OpenIdPages:
    """The addresses. provider: None where none is set."""

    session: BrowserSession
    provider: OpenIdProvider | None

    @property
    def now(self) -> datetime:
        """The time of the server."""
        return to_datetime(self.session.server.clock())

    @property
    def redirect_uri(self) -> str:
        """The address that the provider sends browsers back to, as it has it."""
        return f"{self.session.server.issuer}{OPENID_CALLBACK_PATH}"

    def start(self, visit: Visit) -> Response:
        """Send a browser to the provider."""
        if self.provider is None:
            return render_message(404, "没有此页面 Nothing here", "未启用统一身份认证。No identity provider is set.")
        try:
            metadata = self.provider.find_metadata()
        except ProviderAwayError as error:
            return self._tell_away(record_it=error.asked)
        browser, again = self.session.page_of(visit), "again" in visit.query
        with self.session.server.engine.begin() as connection:
            made = begin_attempt(connection, browser, _read_back(visit.query.get("back", "")), self.now, again=again)
        sent = RedirectResponse(self._write_request(metadata.authorization_endpoint, made, again=again), 303)
        sent.headers.update({"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        sent.set_cookie(self.session.csrf_cookie, browser, **self.session.attributes)
        return sent

    def come_back(self, visit: Visit) -> Response:
        """Sign in whoever the provider has authenticated. What does not belong to an attempt of this browser is not
        recorded: anybody can send it."""
        browser, state = visit.cookies.get(self.session.csrf_cookie, ""), visit.query.get("state", "")
        attempt = None
        if self.provider is not None and browser:
            with self.session.server.engine.begin() as connection:
                attempt = use_attempt(connection, state, browser, self.now)
        if self.provider is None or attempt is None:
            return render_message(400, AGAIN, LOST)
        try:
            found = self._identify(self.provider, visit, attempt, BrowserAttempt.of(state, browser))
            return self._enter(visit, self.provider, found, attempt)
        except SignInRefusedError as refused:
            return self._refuse(refused)

    def _write_request(self, endpoint: str, made: BrowserAttempt, *, again: bool) -> str:
        assert self.provider is not None  # noqa: S101 - its callers ask before
        terms = self.provider.terms
        asked: dict[str, Any] = {"nonce": made.nonce, "max_age": 0 if again else OLDEST_SECONDS}
        asked |= {"code_challenge": create_s256_code_challenge(made.verifier), "code_challenge_method": "S256"}
        if terms.acr:
            asked["acr_values"] = " ".join(terms.acr)
        if again:
            asked["prompt"] = "login"
        written = prepare_grant_uri(
            endpoint, terms.client_id, "code", self.redirect_uri, scope="openid", state=made.state, **asked
        )
        return str(written)

    def _identify(self, provider: OpenIdProvider, visit: Visit, attempt: Any, made: BrowserAttempt) -> Identified:
        """Return whom the provider has authenticated. Raises SignInRefusedError."""
        query, now = visit.query, self.session.server.clock()
        try:
            named = provider.find_metadata().names_issuer
            if query.get("iss", None if named else provider.terms.issuer) != provider.terms.issuer:  # RFC 9207, 2.4
                raise SignInRefusedError("WRONG_ISSUER")
            if "error" in query or "code" not in query:
                raise SignInRefusedError("REFUSED_BY_PROVIDER")
            answer = provider.redeem(query["code"], made.verifier, self.redirect_uri)
            oldest = int(now - attempt.began_at.timestamp()) if attempt.again else OLDEST_SECONDS
            return validate(provider, answer, made.nonce, now, oldest)
        except ProviderAwayError:
            raise SignInRefusedError("PROVIDER_AWAY", away=True) from None
        except CodeRefusedError:
            raise SignInRefusedError("WRONG_CODE") from None
        except IdTokenError as error:
            raise SignInRefusedError(str(error)) from None

    def _enter(self, visit: Visit, provider: OpenIdProvider, found: Identified, attempt: Any) -> Response:
        """Begin a session of the linked account; a live one of the same account keeps the proof."""
        with self.session.server.engine.begin() as connection:
            key = find_linked(connection, provider.terms.issuer, found.subject)
            if key is None:
                raise SignInRefusedError("UNKNOWN_SUBJECT")
            subject = name_account(find_username(connection, key))
            if attempt.again and self.session.find(connection, visit).staff_key == key:
                keep_proof(connection, visit.cookies[self.session.session_cookie], key, found.at)
                record(connection, Happening(SecurityAct.SECOND_FACTOR_GIVEN, subject, staff_key=key))
                if not attempt.back.startswith(AUTHORIZATION_PATH):
                    return _go(attempt.back)
            self.session.make_room(connection, key)
            told = {"by": provider.terms.issuer}
            record(connection, Happening(SecurityAct.SIGN_IN, subject, after=told, staff_key=key))
            log.info("staff %d signed in by the OpenID provider", key)
            home = ACCOUNT_PATH if attempt.back == DESK and find_power(connection, key) else attempt.back
            return self.session.begin(
                connection, _go(home), key, found.at, authenticated_at=found.at, entered_for=digest_back(attempt.back)
            )

    def _refuse(self, refused: SignInRefusedError) -> Response:
        if refused.away:
            return self._tell_away(record_it=True)
        self._record(refused.reason)
        log.warning("a sign-in by the OpenID provider was refused: %s", refused.reason)
        return render_message(403, "未能登录 Not signed in", f"{REFUSED} {refused.reason}")

    def _tell_away(self, *, record_it: bool) -> Response:
        if record_it:
            self._record("PROVIDER_AWAY")
        only = self.provider is not None and self.provider.terms.only
        page = render_message(503, "请稍后重试 Try again later", AWAY_ONLY if only else AWAY)
        page.headers["Retry-After"] = "10"
        return page

    def _record(self, reason: str) -> None:
        """Record that nobody was signed in, in a transaction of its own. Whoever it was is not known: what a provider
        says of somebody who is not linked here is not kept."""
        with self.session.server.engine.begin() as connection:
            record(connection, Happening(SecurityAct.SIGN_IN, reason=reason))


def _go(path: str) -> Response:
    return RedirectResponse(path, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})


def _read_back(text: str) -> str:
    """Return the path to go to after a sign-in: a page of this service, else the desk."""
    parts = urlsplit(text) if text.isprintable() and text.isascii() and "\\" not in text else urlsplit("")
    if parts.scheme or parts.netloc:
        return DESK
    return text if parts.path == AUTHORIZATION_PATH or text in BACK else DESK
