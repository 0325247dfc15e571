"""Events (事件): what a partner may have to know, written in the transaction that makes it so."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link, partial_index
from models.bulk_operation import BulkOperation
from models.consent import Consent
from models.party import Party


class EventKind(StrEnum):
    """What happened to a subject, or to a client's own."""

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
    CONSENT_EXPIRED = "CONSENT_EXPIRED"
    CONSENT_REVOKED = "CONSENT_REVOKED"
    BULK_OPERATION_ENDED = "BULK_OPERATION_ENDED"


WITHDRAWALS = frozenset(
    {
        EventKind.ENTRY_WITHDRAWN,
        EventKind.ENTRY_EXPIRED,
        EventKind.RECORD_SHIELDED,
        EventKind.LIST_REMOVED,
        EventKind.CERTIFICATE_REVOKED,
    }
)
"""What has vanished: whoever was served it is told, with or without a consent that still lives (R10)."""


class Event(Keyed):
    """One thing that happened to one subject, without what or why: that is asked for, under consent.

    It is about a party, or about a consent, whose subject the court may not know, or about a bulk operation.
    `sequence` counts the events of a party, without gaps, in the order in which they were committed. `position` is the
    place among all events, given by `casework.outbox` after the commit: who has read up to one has read all before it.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("party_id", "sequence"),
        CheckConstraint("sequence > 0", name="counted"),
        CheckConstraint("num_nonnulls(party_id, consent_id, bulk_operation_id) = 1", name="of_one_subject"),
        CheckConstraint("(party_id IS NULL) = (sequence IS NULL)", name="parties_are_counted"),
        CheckConstraint("(bulk_operation_id IS NOT NULL) = (kind = 'BULK_OPERATION_ENDED')", name="bulk"),
        CheckConstraint("(consent_id IS NOT NULL) = (kind LIKE 'CONSENT%')", name="consents"),
        partial_index("ix_event_consent_id", "consent_id", where="consent_id IS NOT NULL"),
        partial_index("ix_event_unplaced", "id", where="position IS NULL"),
    )

    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    consent_id: Mapped[int | None] = mapped_column(ForeignKey("consent.id"))
    bulk_operation_id: Mapped[int | None] = mapped_column(ForeignKey("bulk_operation.id"), unique=True)
    sequence: Mapped[int | None]
    kind: Mapped[EventKind]
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)

    party: Mapped[Party | None] = link()
    consent: Mapped[Consent | None] = link()
    bulk_operation: Mapped[BulkOperation | None] = link()
