"""Webhooks that are signed by SM2 as well."""

from alembic import op

revision = "0085"
down_revision = "0086"


def upgrade() -> None:
    """Add the column. Webhooks of before are signed as they were."""
    op.execute("ALTER TABLE webhook ADD signed_by_sm2 boolean NOT NULL DEFAULT false")
