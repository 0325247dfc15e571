"""Cases name the division (庭) of the court that has them, by which figures are grouped."""

from alembic import op

revision = "0046"
down_revision = "0044"


def upgrade() -> None:
    """Add the column. It is null for cases whose division no export names."""
    op.execute("ALTER TABLE court_case ADD COLUMN division text")
    op.execute("ALTER TABLE court_case ADD CONSTRAINT ck_court_case_division_named CHECK (division <> '')")
