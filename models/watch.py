"""Watches (监测) of clients on subjects, and notifications of events (DOMAIN 4)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.names import fold_default
from models.number_hashes import NumberHash
from models.party import PartyKind


class WatchOutcome(StrEnum):
    """The outcome of a line of an order."""

    WATCHED = "WATCHED"
    UNWATCHED = "UNWATCHED"
    NOT_WATCHED = "NOT_WATCHED"
    NAME_MISMATCH = "NAME_MISMATCH"
    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    INVALID_NUMBER = "INVALID_NUMBER"


class Watch(Keyed):
    """A client's watch on a subject, by keyed hash and name (R17). The courts may not know the subject.

    reference: the client's own, sent with events. The name is deleted when the watch ends.
    """

    __tablename__ = "watch"
    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (name IS NOT NULL)", name="named_while_it_lasts"),
        CheckConstraint("(name IS NULL) = (folded IS NULL)", name="folded"),
        index_where("uq_watch_open", "subject_index", "client_key", where="ended_at IS NULL", unique=True),
        Index("ix_watch_client_key", "client_key", "reference"),
    )

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    subject_index: Mapped[bytes] = mapped_column(NumberHash)
    kind: Mapped[PartyKind]
    name: Mapped[str | None]
    folded: Mapped[str | None] = mapped_column(default=fold_default("name"))
    reference: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class WatchOrder(Keyed):
    """An order to begin or end watches."""

    __tablename__ = "watch_order"

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    given_at: Mapped[datetime]


class WatchLine(Keyed):
    """A line of an order, for one subject.

    replaced: the reference of an existing watch that this line changed.
    """

    __tablename__ = "watch_line"
    __table_args__ = (UniqueConstraint("order_id", "ordinal"), Index("ix_watch_line_watch_id", "watch_id"))

    order_id: Mapped[int] = mapped_column(ForeignKey("watch_order.id"))
    ordinal: Mapped[int]
    subject_index: Mapped[bytes | None] = mapped_column(NumberHash)
    reference: Mapped[str]
    outcome: Mapped[WatchOutcome]
    watch_id: Mapped[int | None] = mapped_column(ForeignKey("watch.id"))
    replaced: Mapped[str | None]

    watch: Mapped[Watch | None] = link()


class Notification(Keyed):
    """A notification of a client about an event: of a watch, a withdrawal (R10), a consent or an own operation.

    Written with the event. reference: the client's own for the subject. position: of the event.
    """

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("event_id", "client_key"),
        Index("ix_notification_client_key", "client_key", "position"),
        Index("ix_notification_watch_id", "watch_id"),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    watch_id: Mapped[int | None] = mapped_column(ForeignKey("watch.id"))
    reference: Mapped[str | None]
    position: Mapped[int | None] = mapped_column(BigInteger)
