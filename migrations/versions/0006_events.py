"""Events: what a partner may have to know."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KINDS = (
    "ENTRY_PUBLISHED", "ENTRY_AMENDED", "ENTRY_WITHDRAWN", "ENTRY_EXPIRED", "OBJECTION_OPENED", "OBJECTION_CLOSED",
    "REPAIR_GRANTED", "RECORD_SHIELDED", "COLOUR_CHANGED", "LIST_ADDED", "LIST_REMOVED", "CERTIFICATE_ISSUED",
    "CERTIFICATE_REVOKED", "CONSENT_EXPIRING", "CONSENT_REVOKED",
)


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_event_party_id"),
        sa.UniqueConstraint("party_id", "sequence", name="uq_event_party_id_sequence"),
        sa.CheckConstraint("sequence > 0", name="counted"),
        sa.CheckConstraint(f"kind IN {KINDS}", name="eventkind"),
    )
    op.execute("CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change()")
