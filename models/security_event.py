"""Security events (安全事件): each act of administration and each sign-in, done or refused (GB/T 22239-2019, 8.1.4.3).

Rows are added and never changed: by a trigger, and by the rights of the service.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed


class SecurityAct(StrEnum):
    """What was done or tried."""

    SIGN_IN = "SIGN_IN"
    SIGN_OUT = "SIGN_OUT"
    SESSION_ENDED = "SESSION_ENDED"
    ACCOUNT_LOCKED = "ACCOUNT_LOCKED"
    ACCESS_REFUSED = "ACCESS_REFUSED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - the name of an act
    SECOND_FACTOR_ADDED = "SECOND_FACTOR_ADDED"
    SECOND_FACTOR_REMOVED = "SECOND_FACTOR_REMOVED"
    SECOND_FACTOR_GIVEN = "SECOND_FACTOR_GIVEN"
    LOGIN_LINKED = "LOGIN_LINKED"
    STAFF_ADDED = "STAFF_ADDED"
    STAFF_CHANGED = "STAFF_CHANGED"
    STAFF_REMOVED = "STAFF_REMOVED"
    CLIENT_ADDED = "CLIENT_ADDED"
    CLIENT_CHANGED = "CLIENT_CHANGED"
    CLIENT_KEYS_CHANGED = "CLIENT_KEYS_CHANGED"
    CLIENT_SCOPES_CHANGED = "CLIENT_SCOPES_CHANGED"
    CLIENT_DISABLED = "CLIENT_DISABLED"
    CLIENT_ENABLED = "CLIENT_ENABLED"
    CLIENT_RELEASED = "CLIENT_RELEASED"
    CLIENT_TOKENS_ENDED = "CLIENT_TOKENS_ENDED"
    DOCUMENTS_CHANGED = "DOCUMENTS_CHANGED"
    DEVELOPER_SIGN_IN = "DEVELOPER_SIGN_IN"
    DEVELOPER_SIGN_OUT = "DEVELOPER_SIGN_OUT"
    GRANT_PROPOSED = "GRANT_PROPOSED"
    GRANT_APPROVED = "GRANT_APPROVED"
    GRANT_REFUSED = "GRANT_REFUSED"
    POWERS_SEPARATED = "POWERS_SEPARATED"
    KEYS_CHANGED = "KEYS_CHANGED"
    SETTINGS_CHANGED = "SETTINGS_CHANGED"
    DATABASE_MIGRATED = "DATABASE_MIGRATED"
    CATALOGUE_LOADED = "CATALOGUE_LOADED"
    VOCABULARY_LOADED = "VOCABULARY_LOADED"
    COURT_ADDED = "COURT_ADDED"
    COURT_CHANGED = "COURT_CHANGED"
    LOG_ARCHIVED = "LOG_ARCHIVED"
    LOG_ERASED = "LOG_ERASED"
    EVENTS_EXPORTED = "EVENTS_EXPORTED"
    BACKED_UP = "BACKED_UP"
    RESTORED = "RESTORED"


class SecurityRoad(StrEnum):
    """By which road. SERVICE: by the service itself."""

    WEB = "WEB"
    API = "API"
    COMMAND_LINE = "COMMAND_LINE"
    SERVICE = "SERVICE"


class SecurityResult(StrEnum):
    """Whether it was done."""

    DONE = "DONE"
    REFUSED = "REFUSED"


class SecurityEvent(Keyed):
    """An event. Written by `auth.administration.security_events` only.

    at: by the clock of the database. operator: who: the user name of an account, the identifier of a client, or who
    gave a command; null for somebody who is not known. staff_id: of an account. source: from where: the address of a
    browser or a client; account and machine of a command. subject: what it was done to, as `client demo-bank`. before,
    after: what it changed, without secrets. reason: why it was refused.
    """

    __tablename__ = "security_event"
    __table_args__ = (
        CheckConstraint("(result = 'REFUSED') = (reason IS NOT NULL)", name="refused_for_a_reason"),
        CheckConstraint("operator <> '' AND subject <> ''", name="named"),
        CheckConstraint("staff_id IS NULL OR operator IS NOT NULL", name="staff_named"),
        Index("ix_security_event_act", "act", "at"),
        Index("ix_security_event_operator", "operator", "at"),
    )

    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"), index=True)
    act: Mapped[SecurityAct]
    result: Mapped[SecurityResult]
    road: Mapped[SecurityRoad]
    operator: Mapped[str | None]
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    source: Mapped[str]
    subject: Mapped[str | None]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    reason: Mapped[str | None]
