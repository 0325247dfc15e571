"""Legal-consequence notices."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "consequence_notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("court_code", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("served_on", sa.Date(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("issued_by", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consequence_notice"),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name="fk_consequence_notice_court_code"),
        sa.ForeignKeyConstraint(["case_id"], ["court_case.id"], name="fk_consequence_notice_case_id"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_consequence_notice_party_id"),
        sa.ForeignKeyConstraint(["issued_by"], ["staff.id"], name="fk_consequence_notice_issued_by"),
        sa.UniqueConstraint("court_code", "number", name="uq_consequence_notice_court_code"),
        sa.CheckConstraint("octet_length(digest) = 32", name="hashed"),
    )
    op.create_index("ix_consequence_notice_case_id", "consequence_notice", ["case_id"])
    op.create_index("ix_consequence_notice_party_id", "consequence_notice", ["party_id"])
