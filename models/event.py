"""Events (事件): what a partner may have to know, written in the transaction that makes it so."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Keyed, choice
from models.party import Party


class EventKind(StrEnum):
    """What happened to a subject."""

    ENTRY_PUBLISHED = "ENTRY_PUBLISHED"
    ENTRY_AMENDED = "ENTRY_AMENDED"
    ENTRY_WITHDRAWN = "ENTRY_WITHDRAWN"
    ENTRY_EXPIRED = "ENTRY_EXPIRED"
    OBJECTION_OPENED = "OBJECTION_OPENED"
    OBJECTION_CLOSED = "OBJECTION_CLOSED"
    REPAIR_GRANTED = "REPAIR_GRANTED"
    RECORD_SHIELDED = "RECORD_SHIELDED"
    COLOUR_CHANGED = "COLOUR_CHANGED"
    LIST_ADDED = "LIST_ADDED"
    LIST_REMOVED = "LIST_REMOVED"
    CERTIFICATE_ISSUED = "CERTIFICATE_ISSUED"
    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED"
    CONSENT_EXPIRING = "CONSENT_EXPIRING"
    CONSENT_REVOKED = "CONSENT_REVOKED"


class Event(Keyed):
    """One thing that happened to one subject, without what or why: that is asked for, under consent.

    `sequence` counts the events of a subject, without gaps, in the order in which they were committed.
    """

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("party_id", "sequence"), CheckConstraint("sequence > 0", name="counted"))

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    sequence: Mapped[int] = mapped_column(Integer)
    kind: Mapped[EventKind] = mapped_column(choice(EventKind))
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)

    party: Mapped[Party] = relationship(viewonly=True, lazy="raise")
