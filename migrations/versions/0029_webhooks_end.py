"""Webhooks are deleted, and their addresses are free again; a delivery is given up without its webhook.

Watch lines keep the reference that they replace.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

TAKEN = """
    UPDATE webhook w SET taken_at = d.taken_at
    FROM (SELECT webhook_id, max(delivered_at) AS taken_at FROM delivery GROUP BY webhook_id) d
    WHERE d.webhook_id = w.id
"""
TRIED = """
    UPDATE delivery d SET tried_at = e.occurred_at FROM event e
    WHERE e.id = d.event_id AND d.attempts > 0 AND d.next_at IS NOT NULL
"""
"""About when what is under way was first tried."""


def upgrade() -> None:
    op.add_column("webhook", sa.Column("deleted_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        op.f("ck_webhook_deleted_is_disabled"), "webhook", "deleted_at IS NULL OR disabled_at IS NOT NULL"
    )
    op.drop_constraint("uq_webhook_client_key_url", "webhook")
    kept = sa.text("deleted_at IS NULL")
    op.create_index("uq_webhook_url", "webhook", ["client_key", "url"], unique=True, postgresql_where=kept)
    for table, column in (("webhook", "taken_at"), ("delivery", "tried_at"), ("delivery", "given_up_at")):
        op.add_column(table, sa.Column(column, sa.DateTime(timezone=True)))
    op.create_check_constraint(
        op.f("ck_delivery_given_up_is_ended"),
        "delivery",
        "given_up_at IS NULL OR (next_at IS NULL AND delivered_at IS NULL)",
    )
    op.execute(TAKEN)
    op.execute(TRIED)
    op.add_column("watch_line", sa.Column("replaced", sa.Text()))
