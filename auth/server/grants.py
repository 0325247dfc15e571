"""The grants, and the revocation and introspection endpoints. authlib's own grants narrow scopes silently, lack token
exchange, and log whole tokens."""

from typing import Any

from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from auth.access_token import AccessToken, resource_of
from auth.audiences import Audience
from auth.clients.assertion import AssertionRefused
from auth.server.authorization_code import Redeemed, keep_token, redeem
from auth.server.oauth_http import OAuthRefusal, OAuthRequest, invalid_request
from auth.server.subject_token import SUBJECT_TOKEN_TYPE, TokenSubject, read_subject_token
from auth.server.token_store import accept_once, claim, contradicts, is_revoked, revoke_token
from languages.sentence import say

ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  (a type name, no secret)
Answer = tuple[int, dict[str, Any], list[tuple[str, str]]]


class ClientCredentials(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]  # authlib has no types
    """A client requests a token for itself (RFC 6749, section 4.4)."""

    GRANT_TYPE = "client_credentials"
    acting_for: TokenSubject | Redeemed | None = None

    def validate_token_request(self) -> None:
        """Authenticate the client, and check resource and audience. Raises OAuthRefusal."""
        self.server.authenticate_client(self.request, [], "token")
        self.server.require_binding(self.request)
        wanted = resource_of(self.server.issuer)
        for name in ("resource", "audience"):
            if self.request.form.get(name, wanted) != wanted:
                raise OAuthRefusal(
                    "invalid_target", say("{name} must be {wanted}, or left out (RFC 8707).", name=name, wanted=wanted)
                )

    def create_token_response(self) -> Answer:
        """Issue the token (RFC 6749, section 5.1). Raises OAuthRefusal."""
        return 200, self.server.issue(self.request, self.acting_for), self.TOKEN_RESPONSE_HEADER


class TokenExchange(ClientCredentials):
    """A litigant portal requests a token on behalf of its authenticated user (RFC 8693, delegation)."""

    GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"

    def validate_token_request(self) -> None:
        """Authenticate the portal, and verify the subject token. Raises OAuthRefusal."""
        super().validate_token_request()
        if self.request.client.audience is not Audience.LITIGANT_PORTAL:
            raise OAuthRefusal("unauthorized_client", "Only litigant portals exchange tokens. Use client_credentials.")
        _check_exchange(self.request.form)
        self.acting_for = self._subject()

    def create_token_response(self) -> Answer:
        """Issue the token, with the member required by RFC 8693, section 2.2.1."""
        status, token, headers = super().create_token_response()
        return status, {**token, "issued_token_type": ACCESS_TOKEN_TYPE}, headers

    def _subject(self) -> TokenSubject:
        client, server = self.request.client, self.server
        now = server.clock()
        try:
            text = self.request.form["subject_token"]
            subject = read_subject_token(text, client.jwks, client.client_id, server.issuer, now)
        except AssertionRefused as refused:
            raise invalid_request(say("subject_token was not accepted: {refused}.", refused=str(refused))) from None
        if not accept_once(self.request.connection, client.key, subject.claims, now):
            raise invalid_request("subject_token was not accepted: its jti was used before. Sign a new one.")
        index = claim(self.request.connection, server.keyring.hash(subject.number))
        if contradicts(self.request.connection, index, subject.claims["name"]):
            raise invalid_request("subject_token was not accepted: name and id_number are not of one person.")
        return subject


class StaffSignedIn(ClientCredentials):
    """A court's client redeems the code of a signed-in officer (RFC 6749, 4.1.3; RFC 7636, 4.5)."""

    GRANT_TYPE = "authorization_code"
    acting_for: Redeemed

    def validate_token_request(self) -> None:
        """Authenticate the client, and redeem the code. Raises OAuthRefusal."""
        super().validate_token_request()
        request, now = self.request, self.server.clock()
        jkt = request.proof.jkt if request.proof else None
        self.acting_for = redeem(request.connection, request.client, request.form, now, jkt)

    def create_token_response(self) -> Answer:
        """Issue the token, and store its id with the code."""
        status, answer, headers = super().create_token_response()
        token = self.server.read_token(answer["access_token"])
        keep_token(self.request.connection, self.acting_for.code_hash, token)
        return status, answer, headers


def _check_exchange(form: dict[str, str]) -> None:
    if "subject_token" not in form or form.get("subject_token_type") != SUBJECT_TOKEN_TYPE:
        raise invalid_request(
            say(
                "Send subject_token, with subject_token_type={subject_token_type}.",
                subject_token_type=SUBJECT_TOKEN_TYPE,
            )
        )
    if "actor_token" in form or "actor_token_type" in form:
        raise invalid_request("Leave actor_token out: the actor is the authenticated client.")
    if form.get("requested_token_type", ACCESS_TOKEN_TYPE) != ACCESS_TOKEN_TYPE:
        raise invalid_request(
            say("requested_token_type must be {access_token_type}, or left out.", access_token_type=ACCESS_TOKEN_TYPE)
        )


class OwnTokens:
    """Finds the token of a revocation or introspection request. `token_type_hint` is not needed."""

    CLIENT_AUTH_METHODS = ()
    server: Any

    def read_token(self, request: OAuthRequest) -> AccessToken | None:
        """Return the token if this server issued it and it has not expired. Raises OAuthRefusal without one."""
        if "token" not in request.form:
            raise invalid_request("Send the token in the parameter token.")
        token: AccessToken | None = self.server.read_token(request.form["token"])
        return token


class Revocation(OwnTokens, RevocationEndpoint):  # type: ignore[misc]  # authlib has no types
    """RFC 7009. An unknown token is answered like a revoked one."""

    def authenticate_token(self, request: OAuthRequest, client: Any) -> AccessToken | None:
        """Return the token to revoke. Raises OAuthRefusal for another client's (RFC 7009, section 2.1)."""
        token = self.read_token(request)
        if token and token.client_id != client.client_id:
            raise OAuthRefusal("invalid_grant", "This token was issued to another client.")
        return token

    def revoke_token(self, token: AccessToken, request: OAuthRequest) -> None:
        """Revoke the token."""
        revoke_token(request.connection, token.token_id, self.server.clock())


class Introspection(OwnTokens, IntrospectionEndpoint):  # type: ignore[misc]  # authlib has no types
    """RFC 7662. A token of another client is inactive (section 4)."""

    def authenticate_token(self, request: OAuthRequest, client: Any) -> AccessToken | None:
        """Return the client's own token unless it is revoked."""
        token = self.read_token(request)
        own = token is not None and token.client_id == client.client_id
        return token if token and own and not is_revoked(request.connection, token.token_id) else None

    def create_introspection_payload(self, token: AccessToken | None) -> dict[str, Any]:
        """Describe the token (RFC 7662, section 2.2)."""
        return self.server.describe(token) if token else {"active": False}
