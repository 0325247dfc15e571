"""The admissions of clients: contract, who is responsible, impact assessment, last day."""

from alembic import op

revision = "0082"
down_revision = "0081"


def upgrade() -> None:
    """Add the columns. Clients of before have none of them, and no end."""
    op.execute("""
        ALTER TABLE client
            ADD contract_number text, ADD responsible text, ADD impact_assessment text, ADD ends_on date,
            ADD CONSTRAINT ck_client_admission
                CHECK (num_nulls(contract_number, responsible, impact_assessment, ends_on) IN (0, 4))
    """)
