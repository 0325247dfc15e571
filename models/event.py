"""Events (事件) for partners, written in the transaction of the change."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.bulk_operation import BulkOperation
from models.consent import Consent
from models.party import Party


class EventKind(StrEnum):
    """The kind of an event."""

    ENTRY_PUBLISHED = "ENTRY_PUBLISHED"
    ENTRY_AMENDED = "ENTRY_AMENDED"
    ENTRY_WITHDRAWN = "ENTRY_WITHDRAWN"
    ENTRY_EXPIRED = "ENTRY_EXPIRED"
    OBJECTION_OPENED = "OBJECTION_OPENED"
    OBJECTION_CLOSED = "OBJECTION_CLOSED"
    REPAIR_GRANTED = "REPAIR_GRANTED"
    RECORD_SHIELDED = "RECORD_SHIELDED"
    COLOUR_CHANGED = "COLOUR_CHANGED"
    NOTICE_SERVED = "NOTICE_SERVED"
    DISPUTE_ANSWERED = "DISPUTE_ANSWERED"
    REFUSAL_REPORTED = "REFUSAL_REPORTED"
    REFUSAL_DECIDED = "REFUSAL_DECIDED"
    LIST_ADDED = "LIST_ADDED"
    LIST_REMOVED = "LIST_REMOVED"
    LIST_GRADED = "LIST_GRADED"
    LIST_GRACE_GRANTED = "LIST_GRACE_GRANTED"
    LIST_LIFTED = "LIST_LIFTED"
    LIST_LIFT_ENDED = "LIST_LIFT_ENDED"
    CERTIFICATE_ISSUED = "CERTIFICATE_ISSUED"
    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED"
    CONSENT_EXPIRING = "CONSENT_EXPIRING"
    CONSENT_EXPIRED = "CONSENT_EXPIRED"
    CONSENT_REVOKED = "CONSENT_REVOKED"
    CONSENT_REGISTERED = "CONSENT_REGISTERED"
    CONSENT_AUDITED = "CONSENT_AUDITED"
    CONSENT_SUSPENDED = "CONSENT_SUSPENDED"
    CONSENT_RESTORED = "CONSENT_RESTORED"
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
"""Withdrawals, of which all clients that were served are notified, even without a live consent (R10)."""


ANSWERS = frozenset({EventKind.DISPUTE_ANSWERED})
"""Answers to what a client has sent, of which it is notified without a watch."""


class Event(Keyed):
    """An event about a party, a consent or a bulk operation, without its content, which is read under consent.

    sequence: number among the events of a party, without gaps, in the order of commits. position: number among all
    events, assigned by `casework.outbox` after the commit; a reader by position misses no event.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("party_id", "sequence"),
        CheckConstraint("sequence > 0", name="counted"),
        CheckConstraint("num_nonnulls(party_id, consent_id, bulk_operation_id) = 1", name="of_one_subject"),
        CheckConstraint("(party_id IS NULL) = (sequence IS NULL)", name="parties_are_counted"),
        CheckConstraint("(bulk_operation_id IS NOT NULL) = (kind = 'BULK_OPERATION_ENDED')", name="bulk"),
        CheckConstraint("(consent_id IS NOT NULL) = (kind LIKE 'CONSENT%')", name="consents"),
        index_where("ix_event_consent_id", "consent_id", where="consent_id IS NOT NULL"),
        index_where("ix_event_unplaced", "id", where="position IS NULL"),
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
