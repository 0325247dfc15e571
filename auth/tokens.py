"""Verification of access tokens: bearer tokens (RFC 6750), and tokens bound to a key (RFC 9449) or a certificate (RFC
8705)."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.access_token import (
    AccessToken,
    AccessTokenInvalid,
    encode_staff,
    encode_subject,
    read_access_token,
    resource_of,
)
from auth.audiences import Purpose
from auth.metadata import build_resource_metadata_url
from auth.officer import Officer
from auth.principal import Principal
from auth.proofs.guard import ProofGuard
from auth.proofs.proof import ACCEPTED_ALGORITHMS, SCHEME, ProofError, Sent
from auth.revocations import Remembering
from auth.scopes import Scope
from auth.server.token_store import is_disabled
from auth.signing import SigningKeys
from models.client import Client, ClientProfile
from models.court import Staff
from models.issued_token import IssuedToken

CACHED_TOKENS = 4096
BOUND = "This token is bound to a key: send it as Authorization: DPoP TOKEN, with a header DPoP (RFC 9449)."
UNBOUND = "This token is bound to no key: send it as Authorization: Bearer TOKEN, without a proof."
CERTIFIED = "This token is bound to a certificate: send it by a connection with this certificate (RFC 8705, section 3)."


BEARER = "Bearer"


class TokenError(Exception):
    """A request without a valid token. code: RFC 6750, section 3.1, or RFC 9449, section 7.1; None without any token.
    nonce: for the next proof."""

    def __init__(
        self, code: str | None, description: str, status: int = 401, scheme: str = BEARER, nonce: str = ""
    ) -> None:
        super().__init__(description)
        self.code, self.description, self.status, self.scheme, self.nonce = code, description, status, scheme, nonce

    def challenge(self, issuer: str) -> str:
        """Return the WWW-Authenticate header (RFC 6750, section 3; RFC 9449, section 7.1; RFC 9728, section 5.1)."""
        pointer = f'resource_metadata="{build_resource_metadata_url(issuer)}"'
        proofs = f'algs="{ACCEPTED_ALGORITHMS}"'
        if self.code is None:
            return f'{BEARER} realm="suxin", {pointer}, {SCHEME} realm="suxin", {proofs}'
        said = f'error="{self.code}", error_description="{self.description}", {pointer}'
        return f'{self.scheme} realm="suxin", {said}' + (f", {proofs}" if self.scheme == SCHEME else "")


@dataclass(frozen=True)
class PresentedToken:
    """The access token of a request, and the scheme that it came with."""

    scheme: str
    token: str


def read_presented_token(headers: Sequence[str]) -> PresentedToken:
    """Return the content of the Authorization header. Raises TokenError unless there is exactly one."""
    if not headers:
        raise TokenError(None, "Send an access token: Authorization: Bearer TOKEN, or DPoP TOKEN with a proof.")
    name, _, token = headers[0].partition(" ")
    scheme = {"bearer": BEARER, "dpop": SCHEME}.get(name.lower())
    if len(headers) > 1 or scheme is None or not token.strip():
        raise TokenError("invalid_request", "Send one Authorization header: Bearer or DPoP, a space, the token.", 400)
    return PresentedToken(scheme, token.strip())


def scheme_of(principal: Principal | None) -> str:
    """Return the scheme of a caller's token."""
    return SCHEME if principal and principal.jkt else BEARER


@dataclass(frozen=True)
class Verified:
    """A verified token, and when the database last confirmed it."""

    token: AccessToken
    principal: Principal
    confirmed_at: float


class TokenVerifier(Remembering):
    """Verifies access tokens of `issuer`.

    engine: runs one SELECT in autocommit per look-up. clock: seconds since the epoch. trust_seconds: for how long a
    token is trusted without a look-up while revocations are heard; 0 looks up every time. Signatures are verified once
    per token. proofs: checks proofs of possession; without it, tokens bound to a key are refused.
    """

    def __init__(
        self,
        issuer: str,
        signing: SigningKeys,
        engine: AsyncEngine,
        clock: Callable[[], float],
        trust_seconds: float = 0,
        proofs: ProofGuard | None = None,
    ) -> None:
        super().__init__(dict[bytes, Verified]())
        self._issuer, self._signing, self._clock, self._trust = issuer, signing, clock, trust_seconds
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self.proofs = proofs

    @property
    def resource(self) -> str:
        """The address of the GraphQL endpoint, which proofs name."""
        return resource_of(self._issuer)

    async def admit(self, credentials: PresentedToken, sent: Sent) -> Principal:
        """Return the caller of a request, who has proved possession of the key or the certificate that the token is
        bound to. Raises TokenError of the scheme that was sent: invalid_token, or for a proof the reason (RFC 9449,
        section 7.1)."""
        try:
            principal = await self.verify(credentials.token)
        except TokenError as error:
            error.scheme = credentials.scheme
            raise
        if principal.x5t and not hmac.compare_digest(principal.x5t, sent.certificate or ""):
            raise TokenError("invalid_token", CERTIFIED)
        if principal.jkt is None and credentials.scheme == SCHEME:
            raise TokenError("invalid_token", UNBOUND, scheme=SCHEME)
        if principal.jkt is None:
            return principal
        if credentials.scheme != SCHEME or self.proofs is None:
            raise TokenError("invalid_token", BOUND, scheme=SCHEME)
        try:
            await self.proofs.check(sent, credentials.token, principal.jkt)
        except ProofError as error:
            raise TokenError(error.code, error.description, scheme=SCHEME, nonce=error.nonce) from None
        return principal

    async def verify(self, token: str) -> Principal:
        """Return the client of a token, without proof of possession: only for a token that `admit` has admitted before.
        Raises TokenError (invalid_token) with the same message for every reason."""
        digest, now = hashlib.sha256(token.encode(errors="replace")).digest(), self._clock()
        known = self._recall(digest, now)
        if known and self._hearing and now < known.confirmed_at + self._trust:
            return known.principal
        claims, before = known.token if known else self._read(token, now), self._forgotten
        principal = await self._look_up(claims)
        if principal is None:
            self._remembered.pop(digest, None)
            raise _invalid_token()
        if before == self._forgotten:  # otherwise it may have been revoked since the query
            self._keep(digest, Verified(claims, principal, now))
        return principal

    def find_client(self, authorization: bytes) -> int | None:
        """Return the key of the client whose token, verified before, the value of a field `Authorization` has; None if
        it has none. It may have been revoked, and nothing of it is proved."""
        _, _, token = authorization.partition(b" ")
        digest = hashlib.sha256(token.strip()).digest()
        return self._client_of(digest) if digest in self._remembered else None

    def _client_of(self, key: bytes) -> int:
        verified: Verified = self._remembered[key]
        return verified.principal.client_key

    def _recall(self, digest: bytes, now: float) -> Verified | None:
        """Return the cached token, if it has not expired and its key is still published."""
        known: Verified | None = self._remembered.get(digest)
        if known and known.token.expires_at > now and self._signing.find(known.token.kid):
            return known
        return None

    def _keep(self, digest: bytes, verified: Verified) -> None:
        self._remembered.pop(digest, None)
        self._remembered[digest] = verified
        if len(self._remembered) > CACHED_TOKENS:
            del self._remembered[next(iter(self._remembered))]

    def _read(self, token: str, now: float) -> AccessToken:
        try:
            return read_access_token(token, self._issuer, self._signing, now)
        except AccessTokenInvalid:
            raise _invalid_token() from None

    async def _look_up(self, token: AccessToken) -> Principal | None:
        async with self._engine.connect() as connection:
            row = (await connection.execute(TOKEN, {"jti": token.token_id})).one_or_none()
        if row is None or is_disabled(row._mapping) or row.revoked_at is not None:
            return None
        return _principal(token, row)


TOKEN = (
    sa.select(
        Client.id,
        Client.client_id,
        Client.name,
        Client.audience,
        Client.scopes,
        Client.purposes,
        Client.court_code,
        Client.village_id,
        Client.budget,
        Client.documents,
        Client.profile,
        Client.certificate_bound,
        Client.braked_until,
        Client.disabled_at,
        IssuedToken.subject_index,
        IssuedToken.staff_id,
        IssuedToken.revoked_at,
        IssuedToken.proven_at,
        Staff.role,
        Staff.name.label("staff_name"),
        Staff.court_code.label("staff_court"),
    )
    .join(IssuedToken, IssuedToken.client_id == Client.id)
    .outerjoin(Staff, Staff.id == IssuedToken.staff_id)
    .where(
        IssuedToken.jti == sa.bindparam("jti"),
        Staff.left_at.is_(None),
        Staff.administers.is_(None),
    )
)


def _principal(token: AccessToken, row: Any) -> Principal | None:
    """Return the caller with the rights that both token and client hold; None if the row is of another token, or the
    client may not have such a token."""
    if token.client_id != row.client_id or token.subject != _subject(row):
        return None
    must_be_bound = row.certificate_bound or row.profile is ClientProfile.FAPI2
    if must_be_bound and token.jkt is None and token.x5t is None:  # from before
        return None
    officer = Officer(row.staff_id, row.role, row.staff_court) if row.staff_id else None
    return Principal(
        client_id=row.client_id,
        client_key=row.id,
        name=row.name,
        audience=row.audience,
        scopes=frozenset(scope for scope in Scope if scope in token.scopes and scope in row.scopes),
        purposes=frozenset(purpose for purpose in Purpose if purpose in row.purposes),
        token_id=token.token_id,
        jurisdiction=officer.court_code if officer else row.court_code,
        village_key=row.village_id,
        subject_index=row.subject_index,
        officer=officer,
        budget=row.budget,
        documents=row.documents,
        jkt=token.jkt,
        x5t=token.x5t,
        braked_until=row.braked_until,
        officer_name=row.staff_name or "",
        expires_at=datetime.fromtimestamp(token.expires_at, UTC),
        proven_at=row.proven_at,
    )


def _subject(row: Any) -> str:
    """Return the `sub` claim that the token of a row must have."""
    if row.staff_id:
        return encode_staff(row.staff_id)
    return encode_subject(row.subject_index) if row.subject_index else str(row.client_id)


def _invalid_token() -> TokenError:
    return TokenError("invalid_token", "The access token is expired, revoked or not ours. Get a new one.")
