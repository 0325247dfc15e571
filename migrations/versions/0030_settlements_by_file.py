"""Settlements come by file; words for the grounds of repairs; enrolments and relations remember their export."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

WORDS = (
    "roles", "role_qualifiers", "party_kinds", "listed_kinds", "documents", "courts", "sanctions", "removal_reasons",
    "relations", "yes_no", "blanks", "findings", "deduction_states", "repair_grounds",
)  # fmt: skip
MATTERS = "num_nonnulls(case_id, sanction_id, listing_id, certificate_id, deduction_id, settlement_id) = 1"


def upgrade() -> None:
    for table in ("settlement", "household_member", "relation"):
        op.add_column(table, sa.Column("exported_on", sa.Date()))
    op.drop_constraint(op.f("ck_vocabulary_word_wordkind"), "vocabulary_word")
    kinds = ", ".join(f"'{word}'" for word in WORDS)
    op.create_check_constraint(op.f("ck_vocabulary_word_wordkind"), "vocabulary_word", f"kind IN ({kinds})")
    op.add_column("record_change", sa.Column("settlement_id", sa.BigInteger()))
    op.create_foreign_key("fk_record_change_settlement_id", "record_change", "settlement", ["settlement_id"], ["id"])
    op.create_index("ix_record_change_settlement_id", "record_change", ["settlement_id"])
    op.drop_constraint(op.f("ck_record_change_of_one_matter"), "record_change")
    op.create_check_constraint(op.f("ck_record_change_of_one_matter"), "record_change", MATTERS)
