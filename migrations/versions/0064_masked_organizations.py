"""Courts that mask the names of organizations on the public page."""

from alembic import op

revision = "0064"
down_revision = "0063"


def upgrade() -> None:
    """Add the setting."""
    op.execute("ALTER TABLE court ADD masks_organizations boolean NOT NULL DEFAULT false")
