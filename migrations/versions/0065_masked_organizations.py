"""Courts that mask the names of organizations on the public page."""

from alembic import op

revision = "0065"
down_revision = "0064"


def upgrade() -> None:
    """Add the setting."""
    op.execute("ALTER TABLE court ADD masks_organizations boolean NOT NULL DEFAULT false")
