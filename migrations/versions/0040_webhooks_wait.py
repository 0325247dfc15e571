"""Webhooks whose receivers ask to wait."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.add_column("webhook", sa.Column("resumes_at", sa.DateTime(timezone=True)))
