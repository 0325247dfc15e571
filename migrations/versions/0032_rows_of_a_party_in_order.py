"""The deductions and repairs of a party are found in their order, so that no page sorts them."""

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Replace the indexes on the party by indexes on the party and the key."""
    op.execute("DROP INDEX ix_deduction_party")
    op.execute("CREATE INDEX ix_deduction_party ON deduction (party_id, id)")
    op.execute("DROP INDEX ix_repair_party_id")
    op.execute("CREATE INDEX ix_repair_party ON repair (party_id, id)")
