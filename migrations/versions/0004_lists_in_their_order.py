"""The courts' lists are read in their order, and a case's participants by their case."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index("ix_participation_case", "participation", ["case_id", "id"])
    op.create_index("ix_deduction_proposed", "deduction", ["proposed_at", "id"])
    op.create_index("ix_objection_due", "objection", ["due_on", "id"])
    op.create_index("ix_repair_applied", "repair", ["applied_on", "id"])
    op.create_index("ix_point_conversion_assessed", "point_conversion", ["assessed_at", "id"])
    op.create_index("ix_measure_published", "measure", ["published_on", "id"])
