"""Divisions of courts, prompt marks and transfers of cases."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"

ROLES = ("JUDGE", "CHIEF", "CENTRE", "PANEL", "PRESIDENT")
COLOURS = ("RED", "YELLOW", "BLUE", "GOLD", "GREEN")


def upgrade() -> None:
    _create_divisions()
    _create_marks()
    _create_transfers()


def _create_divisions() -> None:
    op.create_table(
        "division",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("court_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_division"),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name="fk_division_court_code"),
        sa.UniqueConstraint("court_code", "name", name="uq_division_court_code_name"),
        sa.CheckConstraint("name <> ''", name=op.f("ck_division_named")),
    )
    op.execute(
        "INSERT INTO division (court_code, name)"
        " SELECT DISTINCT court_code, division FROM court_case WHERE division IS NOT NULL"
    )
    op.create_foreign_key(
        "fk_court_case_court_code_division",
        "court_case",
        "division",
        ["court_code", "division"],
        ["court_code", "name"],
    )
    op.create_index("ix_court_case_division", "court_case", ["court_code", "division"])


def _create_marks() -> None:
    op.create_table(
        "case_mark",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("court_code", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("colour", sa.String(40), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_role", sa.String(40), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_mark"),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name="fk_case_mark_court_code"),
        sa.ForeignKeyConstraint(["case_id"], ["court_case.id"], name="fk_case_mark_case_id"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_case_mark_party_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_case_mark_staff_id"),
        sa.UniqueConstraint("case_id", "party_id", "colour", name="uq_case_mark_case_id_party_id_colour"),
        sa.CheckConstraint("colour <> 'GREEN'", name=op.f("ck_case_mark_not_green")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_case_mark_reasoned")),
        sa.CheckConstraint(f"colour IN {COLOURS}", name=op.f("ck_case_mark_colour")),
        sa.CheckConstraint(f"staff_role IN {ROLES}", name=op.f("ck_case_mark_staffrole")),
    )
    for column in ("court_code", "party_id"):
        op.create_index(f"ix_case_mark_{column}", "case_mark", [column])


def _create_transfers() -> None:
    op.create_table(
        "case_transfer",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("court_code", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger()),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_role", sa.String(40), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_transfer"),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name="fk_case_transfer_court_code"),
        sa.ForeignKeyConstraint(["case_id"], ["court_case.id"], name="fk_case_transfer_case_id"),
        sa.ForeignKeyConstraint(["source_id"], ["division.id"], name="fk_case_transfer_source_id"),
        sa.ForeignKeyConstraint(["target_id"], ["division.id"], name="fk_case_transfer_target_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_case_transfer_staff_id"),
        sa.CheckConstraint("source_id <> target_id", name=op.f("ck_case_transfer_to_another")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_case_transfer_reasoned")),
        sa.CheckConstraint(f"staff_role IN {ROLES}", name=op.f("ck_case_transfer_staffrole")),
    )
    op.create_index("ix_case_transfer_court_code", "case_transfer", ["court_code"])
    op.create_index("ix_case_transfer_case", "case_transfer", ["case_id", "id"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON case_transfer"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
