"""The words of courts: added words, roles as they were written, detentions of which the days are not told."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

KINDS = (
    "roles", "role_qualifiers", "party_kinds", "listed_kinds", "documents", "courts", "sanctions", "removal_reasons",
    "relations", "yes_no", "blanks",
)


def upgrade() -> None:
    op.create_table(
        "vocabulary_word",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="wordkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("written", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_vocabulary_word"),
        sa.UniqueConstraint("kind", "folded", name="uq_vocabulary_word_kind_folded"),
        sa.CheckConstraint(
            "folded <> '' AND char_length(written) <= 100 AND meaning <> ''",
            name=op.f("ck_vocabulary_word_word_is_written"),
        ),
    )
    op.add_column("participation", sa.Column("written_role", sa.Text()))
    op.drop_constraint(op.f("ck_sanction_detention_has_days"), "sanction", type_="check")
    op.create_check_constraint(
        op.f("ck_sanction_days_of_detention"),
        "sanction",
        "days IS NULL OR (kind = 'DETENTION' AND days BETWEEN 1 AND 15)",
    )
    op.add_column(
        "case_type",
        sa.Column(
            "stage",
            sa.Enum("FILING", "TRIAL", "ENFORCEMENT", name="stage", native_enum=False, create_constraint=True, length=40),
            nullable=False,
            server_default="TRIAL",
        ),
    )
    op.execute("UPDATE case_type SET stage = 'ENFORCEMENT' WHERE starts_with(characters, '执')")
    op.execute("UPDATE case_type SET stage = 'FILING' WHERE characters IN ('财保', '行保', '证保')")
    op.alter_column("case_type", "stage", server_default=None)
