"""Webhooks and deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "webhook",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("client_key", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("rotated_at", moment),
        sa.Column("disabled_at", moment),
        sa.Column("disable_reason", sa.String(40)),
        sa.PrimaryKeyConstraint("id", name="pk_webhook"),
        sa.ForeignKeyConstraint(["client_key"], ["client.id"], name="fk_webhook_client_key"),
        sa.UniqueConstraint("client_key", "url", name="uq_webhook_client_key_url"),
        sa.CheckConstraint("octet_length(public_key) = 32", name=op.f("ck_webhook_key")),
        sa.CheckConstraint("key_version > 0", name=op.f("ck_webhook_versioned")),
        sa.CheckConstraint("(disabled_at IS NULL) = (disable_reason IS NULL)", name=op.f("ck_webhook_reasoned")),
        sa.CheckConstraint("disable_reason IN ('OWNER', 'GONE', 'FAILING')", name=op.f("ck_webhook_disablereason")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("next_at", moment),
        sa.Column("delivered_at", moment),
        sa.Column("status", sa.SmallInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], name="fk_delivery_webhook_id"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_delivery_event_id"),
        sa.UniqueConstraint("webhook_id", "event_id", name="uq_delivery_webhook_id_event_id"),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_delivery_counted")),
    )
    waiting = sa.text("next_at IS NOT NULL")
    op.create_index("ix_delivery_due", "delivery", ["webhook_id", "event_id"], postgresql_where=waiting)
    op.create_index("ix_delivery_event_id", "delivery", ["event_id"])
