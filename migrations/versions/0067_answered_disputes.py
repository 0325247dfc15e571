"""Events of answers to forwarded disputes."""

from alembic import op

revision = "0067"
down_revision = "0066"

EVENTS = (
    "ENTRY_PUBLISHED", "ENTRY_AMENDED", "ENTRY_WITHDRAWN", "ENTRY_EXPIRED", "OBJECTION_OPENED", "OBJECTION_CLOSED",
    "REPAIR_GRANTED", "RECORD_SHIELDED", "COLOUR_CHANGED", "NOTICE_SERVED", "DISPUTE_ANSWERED", "REFUSAL_REPORTED", "REFUSAL_DECIDED",
    "LIST_ADDED", "LIST_REMOVED", "LIST_GRADED", "LIST_GRACE_GRANTED", "LIST_LIFTED", "LIST_LIFT_ENDED",
    "CERTIFICATE_ISSUED", "CERTIFICATE_REVOKED", "CONSENT_EXPIRING", "CONSENT_EXPIRED", "CONSENT_REVOKED",
    "CONSENT_REGISTERED", "CONSENT_AUDITED", "CONSENT_SUSPENDED", "CONSENT_RESTORED", "BULK_OPERATION_ENDED",
)  # fmt: skip


def upgrade() -> None:
    """Add the kind of event."""
    op.drop_constraint(op.f("ck_event_eventkind"), "event")
    op.create_check_constraint(op.f("ck_event_eventkind"), "event", f"kind IN {EVENTS}")
