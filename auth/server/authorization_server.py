"""The authorization server: authlib with our clients and tokens, one transaction per request. It runs in threads:
authlib and the engine are synchronous."""

import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer as AuthlibServer
from starlette.responses import JSONResponse, Response

from auth.access_token import (
    AccessToken,
    AccessTokenInvalid,
    encode_staff,
    encode_subject,
    read_access_token,
    write_access_token,
)
from auth.clients.authentication import UNKNOWN_CLIENT, ClientAuthenticator, reject_client
from auth.clients.certificates import Authorities, MutualTLS
from auth.clients.key_sets import Fetch, KeySets
from auth.clients.scope_request import find_allowed_scopes, read_requested_scopes
from auth.officer import Officer
from auth.openid.provider import OpenIdProvider
from auth.proofs.nonces import Nonces
from auth.proofs.proof import NONCE_HEADER, ProofError, ProofReader
from auth.proofs.used import USED_BEFORE, use_proof
from auth.report_signature import SM2_KEYS
from auth.server.authorization_code import Redeemed
from auth.server.client_keys import replace_keys
from auth.server.contract.messages import TokenAnswer
from auth.server.grants import ClientCredentials, Introspection, Revocation, StaffSignedIn, TokenExchange
from auth.server.oauth_http import OAuthRefusal, OAuthRequest, invalid_request, write_refusal
from auth.server.pushed_requests import push
from auth.server.request_objects import open_request
from auth.server.subject_token import TokenSubject
from auth.server.token_store import RegisteredClient, claim, remember_token
from auth.signing import SigningKeys
from auth.staff.entry_rules import NO_RULES, EntryRules
from languages.negotiation import prefers
from languages.sentence import say
from models.client import ClientProfile
from models.keyring import Keyring
from models.sm2_keys import Sm2Keys
from models.terms import to_midnight

GRANTS = (ClientCredentials, TokenExchange, StaffSignedIn)
GRANT_TYPES = tuple(grant.GRANT_TYPE for grant in GRANTS)
TOKEN, PUSH, KEYS, INTROSPECTION = "token", "push", "keys", "introspection"
INTROSPECTION_TYPE = "token-introspection+jwt"
SIGNED_INTROSPECTION = f"application/{INTROSPECTION_TYPE}"
PROOF_REQUIRED = "The tokens of this client are bound to a key: send a header DPoP with a proof by it (RFC 9449)."
CERTIFICATE_REQUIRED = (
    "The tokens of this client are bound to its certificate: ask by a connection with a client certificate (RFC 8705), "
    "or send a header DPoP with a proof (RFC 9449)."
)
NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
log = logging.getLogger("suxin.oauth")


class AuthorizationServer(AuthlibServer):  # type: ignore[misc]  # authlib has no types
    """Issues, revokes and describes access tokens.

    issuer: the public address. engine: synchronous. token_lifetime: seconds. clock: seconds since the epoch.
    allow_pilot_persons: whether clients with a secret may hold scopes that reach natural persons. fetch: gets the key
    set at a client's address; None to get none. mutual_tls: None if no certificates come here.
    entry: what staff do first after a sign-in. single_session: whether a sign-in of staff ends their other sessions.
    registers: whether clients register themselves. sm2: keys that are published with the others.
    openid: by which staff sign in, too.
    """

    def __init__(
        self,
        *,
        issuer: str,
        engine: sa.Engine,
        signing: SigningKeys,
        keyring: Keyring,
        token_lifetime: int,
        allow_pilot_persons: bool,
        clock: Callable[[], float],
        fetch: Fetch | None = None,
        mutual_tls: MutualTLS | None = None,
        entry: EntryRules = NO_RULES,
        single_session: bool = False,
        registers: bool = False,
        sm2: Sm2Keys | None = None,
        openid: OpenIdProvider | None = None,
    ) -> None:
        super().__init__()
        self.issuer, self.engine, self.signing, self.keyring = issuer, engine, signing, keyring
        self.token_lifetime, self.allow_pilot_persons, self.clock = token_lifetime, allow_pilot_persons, clock
        self.mutual_tls, self.entry, self.registers = mutual_tls, entry, registers
        self.sm2, self.single_session, self.openid = sm2, single_session, openid
        authorities = mutual_tls.authorities if mutual_tls else Authorities()
        self._authenticator = ClientAuthenticator(issuer, KeySets(fetch), authorities)
        self._proofs = ProofReader(Nonces(keyring.nonce_key, clock))
        for grant in GRANTS:
            self.register_grant(grant)
        for endpoint in (Revocation, Introspection):
            self.register_endpoint(endpoint)

    def publish_keys(self) -> dict[str, Any]:
        """Return the public key set (RFC 7517), with the keys of SM2 in a member that others ignore (section 5)."""
        described = [key.describe() for key in self.sm2.published.values()] if self.sm2 else []
        return {**self.signing.jwks(), **({SM2_KEYS: described} if described else {})}

    def answer(self, endpoint: str, request: OAuthRequest) -> Response:
        """Answer a request to "token", "push", "keys", "revocation" or "introspection". OAuth errors commit too: a
        refused request may have used up an assertion."""
        with self.engine.begin() as connection:
            request.connection = connection
            try:
                self._read_proof(endpoint, request)
                response = self._dispatch(endpoint, request)
            except OAuth2Error as error:
                response = self.handle_error_response(request, error)
            self._authenticator.sets.keep_attempts(connection)
        if request.proof and request.proof.renewed:
            response.headers[NONCE_HEADER] = request.proof.renewed
        return response

    def _read_proof(self, endpoint: str, request: OAuthRequest) -> None:
        """Verify the proof of a request for a token or a code, before an assertion is used up for nothing."""
        if endpoint not in {TOKEN, PUSH} or not request.sent.proofs:
            return
        try:
            request.proof = self._proofs.read(request.sent)
        except ProofError as error:
            raise OAuthRefusal(error.code, error.description, nonce=error.nonce) from None

    def require_binding(self, request: OAuthRequest) -> None:
        """Require a proof or a certificate of a client whose tokens are bound (FAPI 2.0, section 5.3.2.1). Raises
        OAuthRefusal."""
        if request.proof is not None:
            return
        if request.client.certificate_bound and request.certificate is None:
            raise OAuthRefusal("invalid_request", CERTIFICATE_REQUIRED, nonce=self._proofs.nonces.issue())
        if request.client.profile is ClientProfile.FAPI2 and not request.client.certificate_bound:
            raise OAuthRefusal("invalid_dpop_proof", PROOF_REQUIRED, nonce=self._proofs.nonces.issue())

    def _dispatch(self, endpoint: str, request: OAuthRequest) -> Response:
        if endpoint == PUSH:
            self.authenticate_client(request, [], endpoint)
            asked = self.open_request(request.client, request.form)
            pushed = push(request, asked, self.clock(), allow_pilot_persons=self.allow_pilot_persons)
            return JSONResponse(pushed, 201, NOT_STORED)
        if endpoint == KEYS:
            self.authenticate_client(request, [], endpoint)
            return JSONResponse(replace_keys(request), 200, NOT_STORED)
        if endpoint != TOKEN:
            response: Response = self.create_endpoint_response(endpoint, request)
            return self._sign_introspection(request, response) if endpoint == INTROSPECTION else response
        grant_type = request.form.get("grant_type")
        if grant_type is None:
            raise invalid_request(say("Send grant_type: {grant_types}.", grant_types=" or ".join(GRANT_TYPES)))
        if grant_type not in GRANT_TYPES:
            raise OAuthRefusal(
                "unsupported_grant_type", say("grant_type must be {grant_types}.", grant_types=" or ".join(GRANT_TYPES))
            )
        response = self.create_token_response(request)
        return response

    def find_keys(self, client: RegisteredClient, signed: str) -> Mapping[str, Any] | None:
        """Return the keys that may have signed a JWT of a client, which may stand at its address. Raises
        AssertionRefused."""
        return self._authenticator.find_keys(client, signed, self.clock())

    def open_request(
        self, client: RegisteredClient, query: Mapping[str, str], *, filled_in: bool = False
    ) -> Mapping[str, str]:
        """Return the parameters of an authorization request, which may be signed. Raises OAuthRefusal."""
        now = self.clock()
        find = partial(self._authenticator.find_keys, client, now=now)
        return open_request(client, query, find, self.issuer, now, filled_in=filled_in)

    def _sign_introspection(self, request: OAuthRequest, response: Response) -> Response:
        """Return a description as a signed JWT, if the client accepts that (RFC 9701, section 4)."""
        signs = prefers(request.headers.getlist("accept"), SIGNED_INTROSPECTION, "application/json")
        if not signs or response.status_code != 200:
            return response
        claims = {"iss": self.issuer, "aud": request.client.client_id, "iat": int(self.clock())}
        claims |= {"token_introspection": json.loads(bytes(response.body))}
        signed = self.signing.sign(claims, INTROSPECTION_TYPE)
        return Response(signed, 200, NOT_STORED, SIGNED_INTROSPECTION)

    def issue(self, request: OAuthRequest, acting_for: TokenSubject | Redeemed | None) -> TokenAnswer:
        """Return the token response (RFC 6749, section 5.1). Raises OAuthRefusal."""
        client: RegisteredClient = request.client
        scopes = read_requested_scopes(request.form.get("scope"), self._allowed(client, acting_for))
        forms = self.keyring.hash(acting_for.number) if isinstance(acting_for, TokenSubject) else None
        index = forms and claim(request.connection, forms)
        code = acting_for if isinstance(acting_for, Redeemed) else None
        token = _bind(self._token(client, scopes, index, code.officer if code else None), request)
        remember_token(request.connection, client.key, token, index, code.proven_at if code else None)
        log.info("token %s issued to %s", token.token_id, client.client_id)
        return {
            "access_token": write_access_token(token, self.issuer, self.signing),
            "token_type": token.kind,
            "expires_in": token.expires_at - token.issued_at,
            "scope": " ".join(sorted(scopes)),
        }

    def _allowed(self, client: RegisteredClient, acting_for: TokenSubject | Redeemed | None) -> frozenset[str]:
        """Return the scopes that the token may hold; for a code, at most those of the sign-in."""
        signed_in, acting = isinstance(acting_for, Redeemed), isinstance(acting_for, TokenSubject)
        allowed = find_allowed_scopes(
            client, acting=acting, staff=signed_in, allow_pilot_persons=self.allow_pilot_persons
        )
        return allowed & acting_for.scopes if isinstance(acting_for, Redeemed) else allowed

    def _token(
        self,
        client: RegisteredClient,
        scopes: frozenset[str],
        index: bytes | None,
        officer: Officer | None,
    ) -> AccessToken:
        now = int(self.clock())
        ends = now + self.token_lifetime
        if client.ends_on:  # access stops with the admission
            ends = min(ends, int(to_midnight(client.ends_on + timedelta(days=1)).timestamp()))
        if ends <= now:
            log.warning("the admission of client %s has ended: a request was refused", client.client_id)
            raise reject_client(UNKNOWN_CLIENT)
        client_or_subject = encode_subject(index) if index else client.client_id
        return AccessToken(
            client_id=client.client_id,
            subject=encode_staff(officer.key) if officer else client_or_subject,
            scopes=scopes,
            token_id=secrets.token_urlsafe(18),
            issued_at=now,
            expires_at=ends,
            acting=index is not None,
            officer=officer,
        )

    def read_token(self, text: str) -> AccessToken | None:
        """Return the token if this server issued it and it has not expired. Revocation is not checked."""
        try:
            return read_access_token(text, self.issuer, self.signing, self.clock())
        except AccessTokenInvalid:
            return None

    def describe(self, token: AccessToken) -> dict[str, Any]:
        """Describe an active token (RFC 7662, section 2.2)."""
        return {"active": True, "token_type": token.kind, **token.claims(self.issuer)}

    def authenticate_client(self, request: OAuthRequest, methods: object, endpoint: str = "token") -> RegisteredClient:
        """Authenticate the client, use up its proof, and set `request.client`. Raises OAuthRefusal."""
        request.client = client = self._authenticator.authenticate(request, self.clock())
        if request.proof and not use_proof(request.connection, request.proof, self.clock()):
            raise OAuthRefusal("invalid_dpop_proof", USED_BEFORE, nonce=self._proofs.nonces.issue())
        return client

    def handle_error_response(self, request: OAuthRequest, error: OAuth2Error) -> Response:
        """Return an error response to a request; authlib calls this."""
        return self.refuse(error, request.headers)

    def refuse(self, error: OAuth2Error, headers: Mapping[str, str]) -> Response:
        """Return an error response. headers: of the request."""
        return self.handle_response(*write_refusal(error, self.issuer, headers))

    def create_oauth2_request(self, request: OAuthRequest) -> OAuthRequest:
        """Return the request, which is already read."""
        return request

    def handle_response(self, status: int, body: dict[str, Any], headers: Sequence[tuple[str, str]]) -> Response:
        """Convert authlib's response to Starlette's."""
        return JSONResponse(body, status, dict(headers))

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Ignore authlib's signals."""


def _bind(token: AccessToken, request: OAuthRequest) -> AccessToken:
    """Return the token of a request, bound to the key of its proof, else to the certificate of a client that wants
    that."""
    if request.proof:
        return replace(token, jkt=request.proof.jkt)
    certified = request.client.certificate_bound and request.certificate
    return replace(token, x5t=certified.x5t) if certified else token
