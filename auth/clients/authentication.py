"""Client authentication: `private_key_jwt` (RFC 7523, section 2.2), the certificate of the connection (RFC 8705, 2), or
HTTP Basic (RFC 6749, section 2.3.1). All failures of a method have the same response, so that client identifiers are
not revealed."""

import base64
import hashlib
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from auth.clients.assertion import (
    AssertionRefused,
    AudienceRefused,
    ClaimRefused,
    Expected,
    read_key_id,
    read_unverified_subject,
    verify_claims,
)
from auth.clients.certificates import Authorities, ClientCertificate
from auth.clients.key_sets import KeySets
from auth.clients.keys import drop_sm2
from auth.server.oauth_http import OAuthRefusal, OAuthRequest, invalid_request
from auth.server.token_store import RegisteredClient, accept_once, find_client
from languages.sentence import say
from models.client import Authentication, ClientProfile

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 3_660
"""Maximum time until `exp`. authlib's client sends an hour; single use prevents replays."""

NO_CREDENTIALS = (
    "Authenticate with private_key_jwt, by client_id and a client certificate, or with client_secret_basic."
)
UNKNOWN_CLIENT = "No active client has this identifier and secret."
WRONG_CERTIFICATE = (
    "No active client has this identifier and certificate. It must be valid now, and be registered here, or have the "
    "registered name and be issued by an authority that is trusted here."
)
WRONG_ASSERTION = (
    "The client assertion was not accepted. Sign with a registered key by ES256, PS256 or EdDSA (pilots also by "
    "SM2-SM3, r and s of 32 bytes each); iss and sub are the client identifier, aud is the issuer as plain text, exp "
    "is at most an hour ahead, jti is new each time."
)
WRONG_AUDIENCE = (
    "The client assertion was not accepted: its aud must be {issuer}, the issuer, as one plain text. "
    "The address of this endpoint, or a list, is not taken."
)
"""Many libraries name the token endpoint, or a list: FAPI 2.0, section 5.3.2.1, allows neither."""

USED_ASSERTION = "its jti was used before. Sign a new assertion for each request"
NO_SECRET = bytes(hashlib.sha256().digest_size)

log = logging.getLogger("suxin.oauth")


@dataclass(frozen=True)
class ClientAuthenticator:
    """Authenticates clients of the server `issuer`. sets: the keys that clients publish themselves. authorities: those
    that certify names of clients."""

    issuer: str
    sets: KeySets
    authorities: Authorities = field(default_factory=Authorities)

    def authenticate(self, request: OAuthRequest, now: float) -> RegisteredClient:
        """Return the client that sent the request. Raises OAuthRefusal: invalid_request for two methods at once (RFC
        6749, section 2.3), else invalid_client."""
        form = request.form
        used = ["authorization" in request.headers, "client_assertion" in form, "client_secret" in form]
        if sum(used) > 1:
            raise invalid_request("Use one way to authenticate, not two (RFC 6749, section 2.3).")
        if used[0]:
            client = self._by_secret(request)
        elif used[1] and form.get("client_assertion_type") == ASSERTION_TYPE:
            client = self._by_assertion(request, now)
        elif not any(used) and request.certificate and "client_id" in form:
            client = self._by_certificate(request, request.certificate, now)
        else:
            raise reject_client(NO_CREDENTIALS)
        if form.get("client_id", client.client_id) != client.client_id:  # RFC 7521, section 4.2
            raise reject_client("client_id names another client than the credentials do. Leave it out.")
        return client

    def _by_secret(self, request: OAuthRequest) -> RegisteredClient:
        client_id, secret = _basic_credentials(request.headers["authorization"])
        client = _find(request, client_id, Authentication.CLIENT_SECRET_BASIC)
        expected = client.secret_hash if client and client.secret_hash else NO_SECRET
        if not hmac.compare_digest(hash_secret(secret), expected) or client is None:
            raise reject_client(UNKNOWN_CLIENT)
        return client

    def _by_certificate(self, request: OAuthRequest, presented: ClientCertificate, now: float) -> RegisteredClient:
        """Verify the certificate before the client is looked up: an unknown one takes as long as a known one."""
        issued, current = self.authorities.trust(presented, now), presented.is_current(now)
        client = _find(request, request.form["client_id"], Authentication.TLS, Authentication.SELF_SIGNED_TLS)
        if client is None:
            raise reject_client(WRONG_CERTIFICATE)
        named = client.certificate_name is not None and presented.has_name(client.certificate_name)
        registered = client.authentication is Authentication.SELF_SIGNED_TLS and presented.is_registered(client.jwks)
        if not (issued and named) and not (current and registered):
            log.info("client certificate refused: issued %s, named %s, registered %s", issued, named, registered)
            raise reject_client(WRONG_CERTIFICATE)
        return client

    def _by_assertion(self, request: OAuthRequest, now: float) -> RegisteredClient:
        assertion = request.form["client_assertion"]
        try:
            client_id = read_unverified_subject(assertion, self.issuer)
            client = _find(request, client_id, Authentication.PRIVATE_KEY_JWT)
            expected = Expected(client_id, self.issuer, now, ASSERTION_SECONDS)
            claims = verify_claims(assertion, self.find_keys(client, assertion, now), expected)
            if client is None or claims["sub"] != client_id:
                raise AssertionRefused("sub is not the client")
            if not accept_once(request.connection, client.key, claims, now):
                raise ClaimRefused(USED_ASSERTION)
        except AssertionRefused as refused:
            log.info("client assertion refused: %s", refused)
            raise reject_client(self._explain(refused)) from None
        return client

    def find_keys(self, client: RegisteredClient | None, assertion: str, now: float) -> Mapping[str, Any] | None:
        """Return the keys that may have signed a JWT of a client; None if it has none. Raises AssertionRefused."""
        if client is None or client.jwks is None:
            return None
        found = self.sets.find(client.jwks, client.jwks_uri, read_key_id(assertion), now)
        return drop_sm2(found) if client.profile is ClientProfile.FAPI2 else found

    def _explain(self, refused: AssertionRefused) -> str:
        """Return what the client is told: the claim only if the signature is its own."""
        if isinstance(refused, AudienceRefused):
            return say(WRONG_AUDIENCE, issuer=self.issuer)
        if isinstance(refused, ClaimRefused):
            return say("The client assertion was not accepted: {reason}.", reason=str(refused))
        return WRONG_ASSERTION


def hash_secret(secret: str) -> bytes:
    """Return the SHA-256 of a generated 256-bit secret, as it is stored."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def _find(request: OAuthRequest, client_id: str, *methods: Authentication) -> RegisteredClient | None:
    """Return the client if it authenticates by one of `methods`; each client has one method."""
    if not client_id.isprintable():
        return None
    client = find_client(request.connection, client_id)
    return client if client and client.authentication in methods else None


def _basic_credentials(header: str) -> tuple[str, str]:
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        raise reject_client(NO_CREDENTIALS)
    try:
        client_id, colon, secret = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except ValueError:
        raise reject_client(UNKNOWN_CLIENT) from None
    if not colon:
        raise reject_client(UNKNOWN_CLIENT)
    return unquote_plus(client_id), unquote_plus(secret)


def reject_client(description: str) -> OAuthRefusal:
    """Return the error for a client that is not authenticated (RFC 6749, section 5.2)."""
    return OAuthRefusal("invalid_client", description, 401)
