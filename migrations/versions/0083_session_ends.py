"""Sessions of staff: when they were used last, and when a second factor was given, which codes and tokens keep."""

from alembic import op

revision = "0083"
down_revision = "0085"


def upgrade() -> None:
    """Add the columns. Sessions of before count as used now, and as without a second factor until it is given again."""
    op.execute("""
        ALTER TABLE staff_session ADD seen_at timestamptz, ADD proven_at timestamptz;
        UPDATE staff_session SET seen_at = now();
        ALTER TABLE staff_session ALTER seen_at SET NOT NULL;
        ALTER TABLE authorization_code ADD proven_at timestamptz;
        ALTER TABLE issued_token ADD proven_at timestamptz;
    """)
