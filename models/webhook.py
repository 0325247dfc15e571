"""Webhooks (回调): where a client is told of events without asking, and what came of it (Standard Webhooks)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link, partial_index
from models.event import Event


class DisableReason(StrEnum):
    """Why a webhook is sent nothing."""

    OWNER = "OWNER"
    GONE = "GONE"
    FAILING = "FAILING"


class Webhook(Keyed):
    """An endpoint of a client. Its keys are made from the key ring and `key_version`: none is kept here.

    kinds: which events; all where it is empty. public_key: Ed25519, of the newest version. deleted_at: since when it is
    its owner's no more; its deliveries stay. taken_at: when a receiver last took anything.
    """

    __tablename__ = "webhook"
    __table_args__ = (
        partial_index("uq_webhook_url", "client_key", "url", where="deleted_at IS NULL", unique=True),
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


class Delivery(Keyed):
    """One event on its way to one webhook; written with the event.

    next_at: when it is tried (again); null once it has ended: delivered, given up after the last attempt, or wanted no
    more. tried_at: of the first attempt. status: of the last answer.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        CheckConstraint("attempts >= 0", name="counted"),
        CheckConstraint("given_up_at IS NULL OR (next_at IS NULL AND delivered_at IS NULL)", name="given_up_is_ended"),
        partial_index("ix_delivery_due", "webhook_id", "event_id", where="next_at IS NOT NULL"),
    )

    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    status: Mapped[int | None] = mapped_column(SmallInteger)

    event: Mapped[Event] = link()
