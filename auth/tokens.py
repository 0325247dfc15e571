"""Verification of bearer tokens (RFC 6750)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.access_token import AccessToken, AccessTokenInvalid, encode_staff, encode_subject, read_access_token
from auth.audiences import Purpose
from auth.metadata import build_resource_metadata_url
from auth.officer import Officer
from auth.principal import Principal
from auth.revocations import Remembering
from auth.scopes import Scope
from auth.signing import SigningKeys
from models.client import Client
from models.court import Staff
from models.issued_token import IssuedToken

CACHED_TOKENS = 4096


class TokenError(Exception):
    """A request without a valid token. code: RFC 6750, section 3.1; None without any token."""

    def __init__(self, code: str | None, description: str, status: int = 401) -> None:
        super().__init__(description)
        self.code, self.description, self.status = code, description, status

    def challenge(self, issuer: str) -> str:
        """Return the WWW-Authenticate header (RFC 6750, section 3; RFC 9728, section 5.1)."""
        pointer = f'resource_metadata="{build_resource_metadata_url(issuer)}"'
        if self.code is None:
            return f'Bearer realm="suxin", {pointer}'
        return f'Bearer realm="suxin", error="{self.code}", error_description="{self.description}", {pointer}'


def read_bearer_token(headers: list[str]) -> str:
    """Return the token of the Authorization header. Raises TokenError unless there is exactly one."""
    if not headers:
        raise TokenError(None, "Send an access token: Authorization: Bearer TOKEN.")
    scheme, _, token = headers[0].partition(" ")
    if len(headers) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise TokenError("invalid_request", "Send one Authorization header: Bearer, a space, the token.", 400)
    return token.strip()


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
    per token.
    """

    def __init__(
        self,
        issuer: str,
        signing: SigningKeys,
        engine: AsyncEngine,
        clock: Callable[[], float],
        trust_seconds: float = 0,
    ) -> None:
        super().__init__(dict[bytes, Verified]())
        self._issuer, self._signing, self._clock, self._trust = issuer, signing, clock, trust_seconds
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def verify(self, token: str) -> Principal:
        """Return the caller. Raises TokenError (invalid_token) with the same message for every reason."""
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
            row = (await connection.execute(LIVE_TOKEN, {"jti": token.token_id})).one_or_none()
        return _principal(token, row) if row else None


LIVE_TOKEN = (
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
        IssuedToken.subject_index,
        IssuedToken.staff_id,
        Staff.role,
        Staff.court_code.label("staff_court"),
    )
    .join(IssuedToken, IssuedToken.client_id == Client.id)
    .outerjoin(Staff, Staff.id == IssuedToken.staff_id)
    .where(
        IssuedToken.jti == sa.bindparam("jti"),
        IssuedToken.revoked_at.is_(None),
        Client.disabled_at.is_(None),
        Staff.left_at.is_(None),
    )
)


def _principal(token: AccessToken, row: Any) -> Principal | None:
    """Return the caller with the rights that both token and client hold; None if the row is of another token."""
    if token.client_id != row.client_id or token.subject != _subject(row):
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
    )


def _subject(row: Any) -> str:
    """Return the `sub` claim that the token of a row must have."""
    if row.staff_id:
        return encode_staff(row.staff_id)
    return encode_subject(row.subject_index) if row.subject_index else str(row.client_id)


def _invalid_token() -> TokenError:
    return TokenError("invalid_token", "The access token is expired, revoked or not ours. Get a new one.")
