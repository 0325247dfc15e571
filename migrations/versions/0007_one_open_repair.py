"""An item has one open application for repair at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    undecided = sa.text("outcome IS NULL")
    op.create_index("uq_repair_open_deduction", "repair", ["deduction_id"], unique=True, postgresql_where=undecided)
    op.create_index("uq_repair_open_record", "repair", ["code_record_id"], unique=True, postgresql_where=undecided)
