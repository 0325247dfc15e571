"""Alarms over public portals do not brake them."""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"


def upgrade() -> None:
    """Let an alarm brake nothing, and release the portals that are braked."""
    op.alter_column("client_alarm", "braked_until", existing_type=sa.DateTime(timezone=True), nullable=True)
    op.execute("UPDATE client SET braked_until = NULL WHERE audience = 'PUBLIC_PORTAL'")
