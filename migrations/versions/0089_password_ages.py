"""When an officer chose the password."""

from alembic import op

revision = "0089"
down_revision = "0088"


def upgrade() -> None:
    """Add the column. Of passwords of before it is not known: they count from now on."""
    op.execute("""
        ALTER TABLE staff_account ADD password_set_at timestamptz DEFAULT now();
        ALTER TABLE staff_account ALTER password_set_at DROP DEFAULT;
    """)
