"""Entries of dishonest debtors have a grade, and a period of grace before they are published."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"

KINDS = (
    "ENTRY_PUBLISHED", "ENTRY_AMENDED", "ENTRY_WITHDRAWN", "ENTRY_EXPIRED", "OBJECTION_OPENED", "OBJECTION_CLOSED",
    "REPAIR_GRANTED", "RECORD_SHIELDED", "COLOUR_CHANGED", "LIST_ADDED", "LIST_REMOVED", "LIST_GRADED",
    "LIST_GRACE_GRANTED", "CERTIFICATE_ISSUED", "CERTIFICATE_REVOKED", "CONSENT_EXPIRING", "CONSENT_EXPIRED",
    "CONSENT_REVOKED", "CONSENT_REGISTERED", "CONSENT_AUDITED", "CONSENT_SUSPENDED", "CONSENT_RESTORED",
    "BULK_OPERATION_ENDED",
)  # fmt: skip


def upgrade() -> None:
    """Add the two columns and the kinds of events."""
    op.add_column("listing", sa.Column("grade", sa.String(40)))
    op.add_column("listing", sa.Column("grace_ends_on", sa.Date()))
    op.create_check_constraint(
        op.f("ck_listing_listinggrade"), "listing", "grade IN ('MINOR', 'ORDINARY', 'SERIOUS')"
    )
    op.create_check_constraint(op.f("ck_listing_published_after_grace"), "listing", "grace_ends_on < published_on")
    op.create_check_constraint(
        op.f("ck_listing_debtors_are_graded"),
        "listing",
        "kind = 'DISHONEST_DEBTOR' OR num_nonnulls(grade, grace_ends_on) = 0",
    )
    op.drop_constraint(op.f("ck_event_eventkind"), "event")
    op.create_check_constraint(op.f("ck_event_eventkind"), "event", f"kind IN {KINDS}")
