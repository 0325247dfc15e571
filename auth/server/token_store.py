"""Rows of issued and revoked tokens, and of used assertions."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from auth.access_token import AccessToken
from models.audience import Audience
from models.client import Authentication, Client, ClientProfile
from models.developer_session import DeveloperSession
from models.issued_token import AssertionUse, IssuedToken
from models.keyring import NumberForms
from models.litigant_session import LitigantSession
from models.names import fold
from models.number_hashes import CLAIM
from models.party import Identity, Party
from models.party_name import is_known_as
from models.pushed_request import PushedRequest
from models.staff_account import AuthorizationCode, SignInFailure
from models.staff_login import OpenIdAttempt
from models.subject_notice import NoticeKind, SubjectNotice

PRUNE_ROWS = 100
log = logging.getLogger("suxin.oauth")
Expiring = (
    AssertionUse
    | IssuedToken
    | AuthorizationCode
    | DeveloperSession
    | LitigantSession
    | PushedRequest
    | SignInFailure
    | OpenIdAttempt
)


@dataclass(frozen=True)
class RegisteredClient:
    """A row of `models.client.Client`, detached. key: its primary key."""

    key: int
    client_id: str
    authentication: Authentication
    profile: ClientProfile
    audience: Audience
    jwks: Mapping[str, Any] | None
    jwks_uri: str | None
    secret_hash: bytes | None
    certificate_name: str | None
    certificate_bound: bool
    signed_requests: bool
    scopes: frozenset[str]
    redirect_uris: frozenset[str]
    name: str
    court_code: str | None
    ends_on: date | None


def to_datetime(seconds: float) -> datetime:
    """Convert seconds since the epoch to a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def find_client(connection: sa.Connection, client_id: str) -> RegisteredClient | None:
    """Return the client of this identifier; None if unknown or disabled. The log tells of a disabled one."""
    query = sa.select(Client.__table__).where(Client.client_id == client_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None or is_disabled(row):
        return None
    names = (
        "client_id", "authentication", "profile", "audience", "jwks", "jwks_uri", "secret_hash", "certificate_name",
        "certificate_bound", "signed_requests", "name", "court_code", "ends_on",
    )  # fmt: skip
    return RegisteredClient(
        key=row["id"],
        scopes=frozenset(row["scopes"]),
        redirect_uris=frozenset(row["redirect_uris"]),
        **{name: row[name] for name in names},
    )


def is_disabled(client: sa.RowMapping) -> bool:
    """Return whether a client is disabled. client: its `client_id` and `disabled_at`. The log tells of a request that
    is refused for it; the response does not (R20)."""
    if client["disabled_at"] is not None:
        log.warning("client %s is disabled: a request was refused", client["client_id"])
    return client["disabled_at"] is not None


def accept_once(connection: sa.Connection, client_key: int, claims: Mapping[str, Any], now: float) -> bool:
    """Record a `jti` of a client; returns whether it is new. One INSERT, without a race."""
    prune(connection, AssertionUse, now)
    values = {"client_id": client_key, "jti": claims["jti"], "expires_at": to_datetime(claims["exp"])}
    first = insert(AssertionUse).values(values).on_conflict_do_nothing().returning(AssertionUse.jti)
    return connection.scalar(first) is not None


def claim(connection: sa.Connection, forms: NumberForms) -> bytes:
    """Return the hash under which a subject is stored, or is to be, until the transaction ends (ADR 41)."""
    if forms.earlier is None:
        return forms.newest
    return bytes(connection.execute(CLAIM, {"earlier": forms.earlier, "newest": forms.newest}).scalar_one())


def contradicts(connection: sa.Connection, index: bytes, name: str) -> bool:
    """Return whether the number belongs to a party without this name, present or former (R17, R22). index: its keyed
    hash."""
    same = is_known_as(Party, sa.literal(fold(name), sa.Text))
    known = sa.select(same).join(Identity, Identity.party_id == Party.id).where(Identity.index == index)
    return connection.scalar(known) is False


def remember_token(
    connection: sa.Connection,
    client_key: int,
    token: AccessToken,
    subject_index: bytes | None,
    proven_at: datetime | None = None,
) -> None:
    """Insert the row of a token; without it the token is not accepted. Notify its subject of the sign-in (R27).
    proven_at: when its officer gave a second factor last."""
    prune(connection, IssuedToken, token.issued_at)
    connection.execute(
        sa.insert(IssuedToken).values(
            jti=token.token_id,
            client_id=client_key,
            subject_index=subject_index,
            staff_id=token.officer and token.officer.key,
            scope=" ".join(sorted(token.scopes)),
            issued_at=to_datetime(token.issued_at),
            expires_at=to_datetime(token.expires_at),
            proven_at=proven_at,
        )
    )
    if subject_index is not None:
        tell_of_sign_in(connection, client_key, subject_index, to_datetime(token.issued_at))


def tell_of_sign_in(connection: sa.Connection, client_key: int, subject_index: bytes, at: datetime) -> None:
    """Notify a subject that a portal has signed it in (R27)."""
    signed_in = {"subject_index": subject_index, "kind": NoticeKind.SIGNED_IN, "client_key": client_key, "at": at}
    connection.execute(sa.insert(SubjectNotice).values(signed_in))


def is_revoked(connection: sa.Connection, token_id: str) -> bool:
    """Return whether a token is revoked or unknown."""
    query = sa.select(IssuedToken.jti).where(IssuedToken.jti == token_id, IssuedToken.revoked_at.is_(None))
    return connection.scalar(query) is None


def revoke_token(connection: sa.Connection, token_id: str, now: float) -> None:
    """Revoke a token, and end the developers' sessions that it began; the time of the first revocation is kept."""
    unrevoked = (IssuedToken.jti == token_id, IssuedToken.revoked_at.is_(None))
    connection.execute(sa.update(IssuedToken).where(*unrevoked).values(revoked_at=to_datetime(now)))
    connection.execute(sa.delete(DeveloperSession).where(DeveloperSession.token_id == token_id))


def prune(connection: sa.Connection, table: type[Expiring], now: float) -> None:
    """Delete some expired rows at each insert. Locked rows are skipped, so that callers do not wait for each other."""
    row: sa.ColumnElement[Any] = sa.literal_column("ctid")
    expired = sa.select(row).select_from(table).where(table.expires_at < to_datetime(now)).limit(PRUNE_ROWS)
    connection.execute(sa.delete(table).where(row.in_(expired.with_for_update(skip_locked=True))))
