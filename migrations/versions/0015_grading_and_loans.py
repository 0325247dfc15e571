"""Rules of grading, and incentive loans."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

GRADES, SOURCES = ("AA", "A", "B", "C", "D"), ("CODE_RECORD", "DEDUCTION", "LISTING", "CERTIFICATE")


def upgrade() -> None:
    op.create_table(
        "grading_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("code", "value", "name", "english_name", "basis")),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("grade", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_grading_rule"),
        sa.ForeignKeyConstraint(["version_id"], ["catalogue_version.id"], name="fk_grading_rule_version_id"),
        sa.UniqueConstraint("version_id", "code", name="uq_grading_rule_version_id_code"),
        sa.UniqueConstraint("version_id", "source", "value", name="uq_grading_rule_version_id_source_value"),
        sa.CheckConstraint(f"grade IN {GRADES}", name=op.f("ck_grading_rule_riskgrade")),
        sa.CheckConstraint(f"source IN {SOURCES}", name=op.f("ck_grading_rule_rulesource")),
    )
    op.create_table(
        "incentive_loan",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("client_key", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("certificate_id", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(15, 2), nullable=False),
        sa.Column("granted_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date()),
        sa.Column("outcome", sa.String(40)),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incentive_loan"),
        sa.ForeignKeyConstraint(["client_key"], ["client.id"], name="fk_incentive_loan_client_key"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_incentive_loan_party_id"),
        sa.ForeignKeyConstraint(["certificate_id"], ["certificate.id"], name="fk_incentive_loan_certificate_id"),
        sa.UniqueConstraint("client_key", "reference", name="uq_incentive_loan_client_key_reference"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_incentive_loan_lent")),
        sa.CheckConstraint("(closed_on IS NULL) = (outcome IS NULL)", name=op.f("ck_incentive_loan_closed")),
        sa.CheckConstraint("closed_on >= granted_on", name=op.f("ck_incentive_loan_ordered")),
        sa.CheckConstraint("outcome IN ('REPAID', 'DEFAULTED', 'CANCELLED')", name=op.f("ck_incentive_loan_loanoutcome")),
    )
    op.create_index("ix_incentive_loan_party_id", "incentive_loan", ["party_id"])
    op.create_index("ix_incentive_loan_certificate_id", "incentive_loan", ["certificate_id"])
