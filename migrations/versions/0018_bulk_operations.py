"""Bulk operations."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

KINDS = (
    "ENTRY_PUBLISHED",
    "ENTRY_AMENDED",
    "ENTRY_WITHDRAWN",
    "ENTRY_EXPIRED",
    "OBJECTION_OPENED",
    "OBJECTION_CLOSED",
    "REPAIR_GRANTED",
    "RECORD_SHIELDED",
    "COLOUR_CHANGED",
    "LIST_ADDED",
    "LIST_REMOVED",
    "CERTIFICATE_ISSUED",
    "CERTIFICATE_REVOKED",
    "CONSENT_EXPIRING",
    "CONSENT_EXPIRED",
    "CONSENT_REVOKED",
    "BULK_OPERATION_ENDED",
)
MOMENT = sa.DateTime(timezone=True)


def among(column: str, *values: str) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def upgrade() -> None:
    op.create_table(
        "bulk_upload",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("client_key", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint("lines > 0", name=op.f("ck_bulk_upload_lines")),
        sa.ForeignKeyConstraint(["client_key"], ["client.id"], name=op.f("fk_bulk_upload_client_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_upload")),
    )
    op.create_index("ix_bulk_upload_client_key", "bulk_upload", ["client_key"])
    op.create_index("ix_bulk_upload_expires_at", "bulk_upload", ["expires_at"])
    op.create_table(
        "bulk_upload_piece",
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["bulk_upload.id"], name=op.f("fk_bulk_upload_piece_upload_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_bulk_upload_piece")),
    )
    op.create_table(
        "bulk_operation",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("client_key", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger()),
        sa.Column("jurisdiction", sa.Text()),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("state", sa.String(40), server_default="QUEUED", nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("purposes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("registered", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("reference", sa.Text()),
        sa.Column("request", sa.LargeBinary()),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.BigInteger()),
        sa.Column("page_size", sa.SmallInteger(), nullable=False),
        sa.Column("pages", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cursor", sa.Text()),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("retry_at", MOMENT),
        sa.Column("objects", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.Integer()),
        sa.Column("size", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("sha256", sa.LargeBinary()),
        sa.Column("error", sa.String(40)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("expires_at", MOMENT),
        sa.CheckConstraint(among("kind", "EXPORT", "BATCH_CHECK", "BATCH_WATCH"), name=op.f("ck_bulk_operation_bulkkind")),
        sa.CheckConstraint(
            among("state", "QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "EXPIRED"),
            name=op.f("ck_bulk_operation_bulkstate"),
        ),
        sa.CheckConstraint(
            among("error", "VANISHED", "TOO_LARGE", "REFUSED", "INTERNAL"), name=op.f("ck_bulk_operation_bulkerror")
        ),
        sa.CheckConstraint(
            "(state IN ('QUEUED', 'RUNNING')) = (ended_at IS NULL)", name=op.f("ck_bulk_operation_ended")
        ),
        sa.CheckConstraint("(state = 'FAILED') = (error IS NOT NULL)", name=op.f("ck_bulk_operation_failed")),
        sa.CheckConstraint(
            "state <> 'COMPLETED' OR (sha256 IS NOT NULL AND expires_at IS NOT NULL)",
            name=op.f("ck_bulk_operation_completed"),
        ),
        sa.CheckConstraint("(kind = 'EXPORT') = (total IS NULL)", name=op.f("ck_bulk_operation_total")),
        sa.ForeignKeyConstraint(["client_key"], ["client.id"], name=op.f("fk_bulk_operation_client_key")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_bulk_operation_staff_id")),
        sa.CheckConstraint("(ended_at IS NULL) = (request IS NOT NULL)", name=op.f("ck_bulk_operation_sealed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_operation")),
        sa.UniqueConstraint("upload_id", name=op.f("uq_bulk_operation_upload_id")),
    )
    op.create_index("ix_bulk_operation_client_key", "bulk_operation", ["client_key"])
    op.create_index("ix_bulk_operation_staff_id", "bulk_operation", ["staff_id"])
    op.create_index("ix_bulk_operation_open", "bulk_operation", ["id"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index(
        "ix_bulk_operation_expires_at",
        "bulk_operation",
        ["expires_at"],
        postgresql_where=sa.text("state = 'COMPLETED'"),
    )
    op.create_index("ix_consent_client_key_valid_to", "consent", ["client_key", "valid_to"])
    op.create_index(
        "ix_consent_client_key_revoked_at",
        "consent",
        ["client_key", "revoked_at"],
        postgresql_where=sa.text("revoked_at IS NOT NULL"),
    )
    op.create_table(
        "bulk_chunk",
        sa.Column("operation_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["bulk_operation.id"], name=op.f("fk_bulk_chunk_operation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("operation_id", "number", name=op.f("pk_bulk_chunk")),
    )
    # What is sealed does not compress: PostgreSQL need not try.
    op.execute("ALTER TABLE bulk_chunk ALTER content SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE bulk_upload_piece ALTER content SET STORAGE EXTERNAL")
    op.add_column("event", sa.Column("bulk_operation_id", sa.BigInteger()))
    op.create_foreign_key("fk_event_bulk_operation_id", "event", "bulk_operation", ["bulk_operation_id"], ["id"])
    op.create_unique_constraint("uq_event_bulk_operation_id", "event", ["bulk_operation_id"])
    rules = {
        "eventkind": among("kind", *KINDS),
        "of_one_subject": "num_nonnulls(party_id, consent_id, bulk_operation_id) = 1",
        "bulk": "(bulk_operation_id IS NOT NULL) = (kind = 'BULK_OPERATION_ENDED')",
    }
    for name, rule in rules.items():
        if name != "bulk":
            op.drop_constraint(op.f(f"ck_event_{name}"), "event")
        op.create_check_constraint(op.f(f"ck_event_{name}"), "event", rule)
