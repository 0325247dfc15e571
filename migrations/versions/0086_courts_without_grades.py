"""Courts that switch risk grades off."""

from alembic import op

revision = "0086"
down_revision = "0082"


def upgrade() -> None:
    """Add the setting."""
    op.execute("ALTER TABLE court ADD gives_grades boolean NOT NULL DEFAULT true")
