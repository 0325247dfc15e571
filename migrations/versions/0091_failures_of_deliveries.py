"""Why no answer came to the last attempt of a delivery."""

from alembic import op

revision = "0091"
down_revision = "0090"


def upgrade() -> None:
    """Add the column. Of attempts of before it is not known."""
    op.execute("""
        ALTER TABLE delivery
            ADD failure varchar(40),
            ADD CONSTRAINT ck_delivery_deliveryfailure CHECK (failure IN (
                'BAD_ADDRESS', 'NOT_RESOLVED', 'NOT_ALLOWED', 'NOT_CONNECTED', 'TLS', 'TIMEOUT', 'NO_ANSWER', 'NOT_SIGNED'
            )),
            ADD CONSTRAINT ck_delivery_answered_or_failed CHECK (failure IS NULL OR status IS NULL);
    """)
