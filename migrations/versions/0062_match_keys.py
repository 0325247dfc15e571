"""The version of the key by which a client matches persons."""

from alembic import op

revision = "0062"
down_revision = "0061"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE client ADD match_version integer NOT NULL DEFAULT 1")
    op.execute("ALTER TABLE client ADD CONSTRAINT ck_client_match_version CHECK (match_version > 0)")
