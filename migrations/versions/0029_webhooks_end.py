"""Webhooks are deleted, and their addresses are free again; watch lines keep the reference that they replace."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.add_column("webhook", sa.Column("deleted_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        op.f("ck_webhook_deleted_is_disabled"), "webhook", "deleted_at IS NULL OR disabled_at IS NOT NULL"
    )
    op.drop_constraint("uq_webhook_client_key_url", "webhook")
    kept = sa.text("deleted_at IS NULL")
    op.create_index("uq_webhook_url", "webhook", ["client_key", "url"], unique=True, postgresql_where=kept)
    op.add_column("watch_line", sa.Column("replaced", sa.Text()))
