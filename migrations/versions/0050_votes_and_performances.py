"""Suspicions are confirmed; panels have a quorum, and their members vote; amounts performed after a repair."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"

REASONS = ("REVOKED", "WITHDRAWN", "SHIELDED", "DELISTED", "PERFORMED", "BREACHED", "CLEARED", "CONFIRMED")
ROLES = ("JUDGE", "CHIEF", "CENTRE", "PANEL", "PRESIDENT")
MATTERS = (
    "num_nonnulls(sanction_id, certificate_id, listing_id, code_record_id, consequence_notice_id, settlement_id,"
    " repair_performance_id) = 1"
)
APPEND_ONLY = "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
VOTERS = """
CREATE FUNCTION refuse_own_vote() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM deduction WHERE id = NEW.deduction_id AND NEW.staff_id IN (proposed_by, reviewed_by)
  ) THEN
    RAISE EXCEPTION 'proposer and chief of an item do not vote on it' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""
ANOTHER = """
CREATE OR REPLACE FUNCTION refuse_own_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.answered_by = (SELECT decided_by FROM deduction WHERE id = NEW.deduction_id) OR EXISTS (
    SELECT FROM panel_vote WHERE deduction_id = NEW.deduction_id AND staff_id = NEW.answered_by AND approved
  ) THEN
    RAISE EXCEPTION 'an objection is answered by another than who passed the item' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    for table in ("code_record", "code_record_version"):
        name = op.f(f"ck_{table}_closereason")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, f"close_reason IN {REASONS}")
    _create_rules()
    _create_votes()
    _create_performances()
    op.execute(VOTERS)
    op.execute(
        "CREATE TRIGGER another_votes BEFORE INSERT ON panel_vote FOR EACH ROW EXECUTE FUNCTION refuse_own_vote()"
    )
    op.execute(ANOTHER)


def _create_rules() -> None:
    op.create_table(
        "panel_rule",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("court_code", sa.Text(), nullable=False),
        sa.Column("quorum", sa.SmallInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_role", sa.String(40), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_panel_rule"),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name="fk_panel_rule_court_code"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_panel_rule_staff_id"),
        sa.CheckConstraint("quorum BETWEEN 1 AND 15", name=op.f("ck_panel_rule_quorum_within_limits")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_panel_rule_reasoned")),
        sa.CheckConstraint(f"staff_role IN {ROLES}", name=op.f("ck_panel_rule_staffrole")),
    )
    op.create_index("ix_panel_rule_court", "panel_rule", ["court_code", "id"])
    op.execute(APPEND_ONLY.format("panel_rule"))


def _create_votes() -> None:
    op.create_table(
        "panel_vote",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("deduction_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("voted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_panel_vote"),
        sa.ForeignKeyConstraint(["deduction_id"], ["deduction.id"], name="fk_panel_vote_deduction_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_panel_vote_staff_id"),
        sa.UniqueConstraint("deduction_id", "staff_id", name="uq_panel_vote_deduction_id_staff_id"),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_panel_vote_reasoned")),
    )
    op.execute(APPEND_ONLY.format("panel_vote"))


def _create_performances() -> None:
    keys = ("code_record_id", "court_code", "party_id")
    op.create_table(
        "repair_performance",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("code_record_id", sa.BigInteger(), nullable=False),
        sa.Column("court_code", sa.Text(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(15, 2), nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("revoked_on", sa.Date()),
        sa.PrimaryKeyConstraint("id", name="pk_repair_performance"),
        sa.ForeignKeyConstraint(["code_record_id"], ["code_record.id"], name="fk_repair_performance_code_record_id"),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name="fk_repair_performance_court_code"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_repair_performance_party_id"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_repair_performance_amount_above_zero")),
        sa.CheckConstraint("document <> ''", name=op.f("ck_repair_performance_documented")),
        sa.CheckConstraint("revoked_on >= performed_on", name=op.f("ck_repair_performance_revoked_after_performed")),
    )
    for key in keys:
        op.create_index(f"ix_repair_performance_{key}", "repair_performance", [key])
    op.create_index(
        "uq_repair_performance_document",
        "repair_performance",
        ["code_record_id", "document"],
        unique=True,
        postgresql_where=sa.text("revoked_on IS NULL"),
    )
    _extend_steps()


def _extend_steps() -> None:
    op.add_column("record_step", sa.Column("repair_performance_id", sa.BigInteger()))
    op.create_foreign_key(
        "fk_record_step_repair_performance_id", "record_step", "repair_performance", ["repair_performance_id"], ["id"]
    )
    op.create_index("ix_record_step_repair_performance_id", "record_step", ["repair_performance_id"])
    op.drop_constraint(op.f("ck_record_step_of_one_matter"), "record_step")
    op.create_check_constraint(op.f("ck_record_step_of_one_matter"), "record_step", MATTERS)
