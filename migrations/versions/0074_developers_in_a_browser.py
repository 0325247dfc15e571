"""Developers in a browser: links and sessions of clients, and what was found where clients publish their keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0074"
down_revision = "0073"


def upgrade() -> None:
    op.create_table(
        "developer_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("bound", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_developer_session"),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_developer_session_client_id"),
        sa.CheckConstraint("octet_length(token_hash) = 32", name=op.f("ck_developer_session_hashed")),
        sa.CheckConstraint("opened_at < expires_at", name=op.f("ck_developer_session_lasts")),
    )
    op.create_index("ix_developer_session_client_id", "developer_session", ["client_id"])
    op.create_index("ix_developer_session_token_id", "developer_session", ["token_id"])
    op.create_index("ix_developer_session_expires_at", "developer_session", ["expires_at"])
    op.create_table(
        "published_key_set",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("keys", postgresql.JSONB(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_published_key_set"),
        sa.CheckConstraint("starts_with(address, 'https://')", name=op.f("ck_published_key_set_address")),
        sa.CheckConstraint("(keys IS NULL) = (fetched_at IS NULL)", name=op.f("ck_published_key_set_fetched")),
        sa.CheckConstraint("fetched_at <= tried_at", name=op.f("ck_published_key_set_tried")),
        sa.CheckConstraint("problem IS NOT NULL OR keys IS NOT NULL", name=op.f("ck_published_key_set_outcome")),
        sa.CheckConstraint("left_out >= 0", name=op.f("ck_published_key_set_left_out")),
    )
