"""The document of a finding is kept by its day and its hash, too (R7)."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("deduction", sa.Column("finding_issued_on", sa.Date()))
    op.add_column("deduction", sa.Column("finding_digest", sa.LargeBinary()))
    op.create_check_constraint("finding_is_hashed", "deduction", "octet_length(finding_digest) = 32")
