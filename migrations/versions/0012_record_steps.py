"""Who took a step with a sanction, a certificate, a list entry, a code record or a notice, when and why."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

MATTERS = ("sanction", "certificate", "listing", "code_record", "consequence_notice")
ROLES = ("JUDGE", "CHIEF", "CENTRE", "PANEL", "PRESIDENT")


def upgrade() -> None:
    keys = [f"{matter}_id" for matter in MATTERS]
    op.create_table(
        "record_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("court_code", sa.Text(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_role", sa.String(40), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *(sa.Column(key, sa.BigInteger()) for key in keys),
        sa.PrimaryKeyConstraint("id", name="pk_record_step"),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name="fk_record_step_court_code"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_record_step_party_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_record_step_staff_id"),
        *(
            sa.ForeignKeyConstraint([f"{matter}_id"], [f"{matter}.id"], name=f"fk_record_step_{matter}_id")
            for matter in MATTERS
        ),
        sa.CheckConstraint(f"num_nonnulls({', '.join(keys)}) = 1", name="of_one_matter"),
        sa.CheckConstraint(f"staff_role IN {ROLES}", name="staffrole"),
    )
    for column in ("court_code", "party_id", *keys):
        op.create_index(f"ix_record_step_{column}", "record_step", [column])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record_step"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
