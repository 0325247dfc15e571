"""Webhooks (回调) and their deliveries (Standard Webhooks)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.event import Event


class DisableReason(StrEnum):
    """The reason for which a webhook is disabled."""

    OWNER = "OWNER"
    GONE = "GONE"
    FAILING = "FAILING"


class DeliveryFailure(StrEnum):
    """The reason for which no answer came to an attempt."""

    BAD_ADDRESS = "BAD_ADDRESS"
    NOT_RESOLVED = "NOT_RESOLVED"
    NOT_ALLOWED = "NOT_ALLOWED"
    NOT_CONNECTED = "NOT_CONNECTED"
    TLS = "TLS"
    TIMEOUT = "TIMEOUT"
    NO_ANSWER = "NO_ANSWER"
    NOT_SIGNED = "NOT_SIGNED"


class Webhook(Keyed):
    """A webhook of a client. Its keys are derived from the key ring and `key_version`.

    kinds: of events; empty for all. public_key: Ed25519, of the newest version. deleted_at: when its owner deleted it;
    its deliveries stay. taken_at: when a receiver last accepted a message. resumes_at: until when nothing is sent,
    because the receiver asked for it (Retry-After), or did not answer. signed_by_sm2: whether the service's key of SM2
    signs as well.
    """

    __tablename__ = "webhook"
    __table_args__ = (
        index_where("uq_webhook_url", "client_key", "url", where="deleted_at IS NULL", unique=True),
        CheckConstraint("octet_length(public_key) = 32", name="key"),
        CheckConstraint("key_version > 0", name="versioned"),
        CheckConstraint("(disabled_at IS NULL) = (disable_reason IS NULL)", name="reasoned"),
        CheckConstraint("deleted_at IS NULL OR disabled_at IS NOT NULL", name="deleted_is_disabled"),
    )

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    url: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    public_key: Mapped[bytes]
    key_version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime]
    rotated_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disable_reason: Mapped[DisableReason | None]
    deleted_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]
    resumes_at: Mapped[datetime | None]
    signed_by_sm2: Mapped[bool] = mapped_column(server_default=text("false"))


class Delivery(Keyed):
    """A delivery of an event to a webhook, written with the event.

    next_at: of the next attempt; null after the end: delivered, given up, or cancelled. tried_at: of the first attempt.
    status: of the response to the last attempt. failure: why none came.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        CheckConstraint("attempts >= 0", name="counted"),
        CheckConstraint("given_up_at IS NULL OR (next_at IS NULL AND delivered_at IS NULL)", name="given_up_is_ended"),
        CheckConstraint("failure IS NULL OR status IS NULL", name="answered_or_failed"),
        index_where("ix_delivery_due", "webhook_id", "event_id", where="next_at IS NOT NULL"),
    )

    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    failure: Mapped[DeliveryFailure | None]

    event: Mapped[Event] = link()
