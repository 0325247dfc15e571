"""Litigants in a browser: sessions of those whom a portal hands over."""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"


def upgrade() -> None:
    op.create_table(
        "litigant_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_litigant_session"),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_litigant_session_client_id"),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_litigant_session_hashed")),
        sa.CheckConstraint("octet_length(subject_index) = 21", name=op.f("ck_litigant_session_keyed_hash")),
    )
    op.create_index("ix_litigant_session_client_id", "litigant_session", ["client_id"])
    op.create_index("ix_litigant_session_expires_at", "litigant_session", ["expires_at"])
