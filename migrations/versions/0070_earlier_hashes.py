"""Earlier hashes of the subjects that the access log does not know as parties, for after a change of the identity keys."""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "earlier_hash",
        sa.Column("earlier", sa.LargeBinary(), nullable=False),
        sa.Column("index", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("earlier", name=op.f("pk_earlier_hash")),
        sa.CheckConstraint("octet_length(index) = 21", name=op.f("ck_earlier_hash_keyed_hash")),
        sa.CheckConstraint("octet_length(earlier) = 21", name=op.f("ck_earlier_hash_earlier_hash")),
    )
    op.create_index("ix_earlier_hash_index", "earlier_hash", ["index"])
