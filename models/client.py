"""Registered OAuth clients (RFC 6749, section 2)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from models.audience import Audience
from models.base import Keyed


class Authentication(StrEnum):
    """A method of client authentication (RFC 8414, section 2; RFC 7591, section 2)."""

    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"
    CLIENT_SECRET_BASIC = "client_secret_basic"  # noqa: S105  (the registered name of the method, no secret)


class ClientProfile(StrEnum):
    """A class of clients.

    fapi2: FAPI 2.0 Security Profile: its own keys, access tokens bound to a key, pushed authorization requests. Clients
    that read data of persons belong here. pilot: a client in its trial, which may use bearer tokens.
    """

    FAPI2 = "fapi2"
    PILOT = "pilot"


class DocumentPolicy(StrEnum):
    """The documents that a client may send: any, any with a log entry for unregistered ones, or registered ones."""

    OPEN = "OPEN"
    LOGGED = "LOGGED"
    TRUSTED_ONLY = "TRUSTED_ONLY"


class Client(Keyed):
    """A client. Written by `auth.clients.registry` only, which enforces the limits of its audience.

    client_id: public identifier. jwks: public keys (RFC 7517) of a `private_key_jwt` client, or its certificates
    (`x5c`); jwks_uri: address of further keys, which it publishes itself. certificate_name: that an authority
    certifies, as `san_dns=bank.example` (RFC 8705, section 2.1). certificate_bound: whether tokens are bound to the
    certificate of the connection, unless it sends proofs. signed_requests: whether its authorization requests must be
    signed (RFC 9101). secret_hash: SHA-256 of a random 256-bit secret, which needs no slow hash. budget: cost points
    per minute; null for the default.
    braked_until: until then look-ups of persons are refused (`models.client_alarm`).
    match_version: of the key by which it matches persons (`auth.clients.match_keys`).
    grant_id: the proposal that granted its scopes, where powers are separated (`models.grant_proposal`).
    redirect_uris: compared character by character (RFC 9700, 2.1). revoked_before: addresses of files from before are
    not valid. contract_number, responsible, impact_assessment, ends_on: of its admission
    (`auth.administration.admissions`); ends_on is the last day.
    """

    __tablename__ = "client"
    __table_args__ = (
        CheckConstraint("(audience IN ('COURT', 'LABOUR_ARBITRATION')) = (court_code IS NOT NULL)", name="court"),
        CheckConstraint("(audience = 'VILLAGE') = (village_id IS NOT NULL)", name="village"),
        CheckConstraint(
            "jwks IS NOT NULL OR authentication IN ('client_secret_basic', 'tls_client_auth')", name="jwks"
        ),
        CheckConstraint("jwks IS NULL OR authentication <> 'client_secret_basic'", name="no_keys"),
        CheckConstraint("(authentication = 'tls_client_auth') = (certificate_name IS NOT NULL)", name="certificate"),
        CheckConstraint(
            "certificate_bound OR authentication NOT IN ('tls_client_auth', 'self_signed_tls_client_auth')",
            name="certificate_bound",
        ),
        CheckConstraint("NOT signed_requests OR jwks IS NOT NULL", name="signed_requests"),
        CheckConstraint("(authentication = 'client_secret_basic') = (secret_hash IS NOT NULL)", name="secret"),
        CheckConstraint("octet_length(secret_hash) = 32", name="secret_length"),
        CheckConstraint("cardinality(scopes) > 0", name="scopes"),
        CheckConstraint("budget > 0", name="budget"),
        CheckConstraint("match_version > 0", name="match_version"),
        CheckConstraint("profile = 'pilot' OR authentication <> 'client_secret_basic'", name="fapi2"),
        CheckConstraint(
            "jwks_uri IS NULL OR (authentication = 'private_key_jwt' AND starts_with(jwks_uri, 'https://'))",
            name="jwks_uri",
        ),
        CheckConstraint("audience = 'COURT' OR cardinality(redirect_uris) = 0", name="redirects"),
        CheckConstraint(
            "num_nulls(contract_number, responsible, impact_assessment, ends_on) IN (0, 4)", name="admission"
        ),
    )

    client_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    audience: Mapped[Audience]
    authentication: Mapped[Authentication]
    profile: Mapped[ClientProfile] = mapped_column(server_default=ClientProfile.PILOT)
    jwks: Mapped[dict[str, Any] | None]
    jwks_uri: Mapped[str | None]
    secret_hash: Mapped[bytes | None]
    certificate_name: Mapped[str | None]
    certificate_bound: Mapped[bool] = mapped_column(server_default=text("false"))
    signed_requests: Mapped[bool] = mapped_column(server_default=text("false"))
    scopes: Mapped[list[str]]
    purposes: Mapped[list[str]]
    redirect_uris: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    budget: Mapped[int | None]
    documents: Mapped[DocumentPolicy] = mapped_column(server_default=DocumentPolicy.OPEN)
    court_code: Mapped[str | None] = mapped_column(ForeignKey("court.code"), index=True)
    village_id: Mapped[int | None] = mapped_column(ForeignKey("village.id"), index=True)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    braked_until: Mapped[datetime | None]
    revoked_before: Mapped[datetime | None]
    match_version: Mapped[int] = mapped_column(server_default=text("1"))
    grant_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    contract_number: Mapped[str | None]
    responsible: Mapped[str | None]
    impact_assessment: Mapped[str | None]
    ends_on: Mapped[date | None]
