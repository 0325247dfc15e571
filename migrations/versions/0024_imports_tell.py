"""Events get their place after the commit; runs of imports and what they changed; listings of one debtor after another."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

MATTERS = {
    "case_id": "court_case",
    "sanction_id": "sanction",
    "listing_id": "listing",
    "certificate_id": "certificate",
    "deduction_id": "deduction",
}
WORDS = (
    "roles", "role_qualifiers", "party_kinds", "listed_kinds", "documents", "courts", "sanctions", "removal_reasons",
    "relations", "yes_no", "blanks", "findings", "deduction_states",
)  # fmt: skip


def upgrade() -> None:
    places()
    listings()
    for table in MATTERS.values():
        op.add_column(table, sa.Column("exported_on", sa.Date()))
    op.add_column("sanction", sa.Column("sentence_ends_on", sa.Date()))
    op.add_column("sanction", sa.Column("crime", sa.Text()))
    op.create_check_constraint(
        op.f("ck_sanction_only_convicts_are_sentenced"),
        "sanction",
        "kind = 'CONVICTION' OR (sentence_ends_on IS NULL AND crime IS NULL)",
    )
    deductions()
    removals()
    runs()
    changes()


def places() -> None:
    """The places that events have by now are their keys: cursors that clients keep stay good."""
    for table, columns in {
        "event": "id, party_id, consent_id, bulk_operation_id, sequence, kind, occurred_at",
        "notification": "id, event_id, client_key, watch_id, reference",
    }.items():
        op.execute(f"DROP TRIGGER append_only ON {table}")
        op.add_column(table, sa.Column("position", sa.BigInteger()))
        op.execute(f"UPDATE {table} SET position = {'id' if table == 'event' else 'event_id'}")
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OF {columns} OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.create_unique_constraint("uq_event_position", "event", ["position"])
    op.create_index("ix_event_unplaced", "event", ["id"], postgresql_where=sa.text("position IS NULL"))
    op.drop_index("ix_notification_client_key", "notification")
    op.create_index("ix_notification_client_key", "notification", ["client_key", "position"])


def listings() -> None:
    op.drop_constraint(op.f("uq_listing_kind_party_id_court_code_case_number"), "listing")
    debtor, lender = sa.text("kind = 'DISHONEST_DEBTOR'"), sa.text("kind = 'PROFESSIONAL_LENDER'")
    keys = {"debtor": (debtor, "case_number", "published_on"), "lender": (lender, "court_code", "listed_on")}
    for name, (kind, *key) in keys.items():
        op.create_index(f"uq_listing_{name}", "listing", ["party_id", *key], unique=True, postgresql_where=kind)


def deductions() -> None:
    """What a court brings with its history was proposed elsewhere, and stands in no batch."""
    op.alter_column("deduction", "proposed_by", nullable=True)
    op.drop_constraint(op.f("ck_deduction_notified_before_publication"), "deduction")
    checks = {
        "notified_before_publication": "status NOT IN ('PUBLISHED', 'WITHDRAWN', 'SHIELDED') OR "
        "(notified_at < published_at AND determined_on IS NOT NULL AND expires_on IS NOT NULL "
        "AND num_nonnulls(batch_id, exported_on) > 0)",
        "proposed_or_imported": "num_nonnulls(proposed_by, exported_on) > 0",
    }
    for name, check in checks.items():
        op.create_check_constraint(op.f(f"ck_deduction_{name}"), "deduction", check)
    op.create_index(
        "uq_deduction_imported",
        "deduction",
        ["case_id", "party_id", "behaviour_id", "conduct_on", "finding_document"],
        unique=True,
        postgresql_where=sa.text("exported_on IS NOT NULL"),
    )
    op.drop_constraint(op.f("ck_vocabulary_word_wordkind"), "vocabulary_word")
    kinds = ", ".join(f"'{word}'" for word in WORDS)
    op.create_check_constraint(op.f("ck_vocabulary_word_wordkind"), "vocabulary_word", f"kind IN ({kinds})")


def removals() -> None:
    op.create_table(
        "removal",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", choice("listingkind", "DISHONEST_DEBTOR", "PROFESSIONAL_LENDER"), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("exported_on", sa.Date()),
        sa.PrimaryKeyConstraint("id", name="pk_removal"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_removal_party_id"),
        sa.UniqueConstraint("kind", "party_id", "case_number", name="uq_removal_kind_party_id_case_number"),
        sa.CheckConstraint("reason IN ('DELISTED', 'PERFORMED', 'WITHDRAWN')", name=op.f("ck_removal_reason")),
    )
    op.create_index("ix_removal_party_id", "removal", ["party_id"])


def runs() -> None:
    counts = ("lines", "accepted", "duplicates", "rejected", "records", "new", "changed", "unchanged", "outdated", "held")
    op.create_table(
        "import_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", choice("importstate", "RUNNING", "COMPLETED", "INTERRUPTED"), nullable=False),
        sa.Column("court_codes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("exported_on", sa.Date(), nullable=False),
        sa.Column("history", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in counts),
        sa.PrimaryKeyConstraint("id", name="pk_import_run"),
        sa.CheckConstraint("(state = 'COMPLETED') = (ended_at IS NOT NULL)", name=op.f("ck_import_run_ended")),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_import_run_hashed")),
        sa.CheckConstraint(
            "state <> 'COMPLETED' OR (records = new + changed + unchanged + outdated + held AND "
            "lines = accepted + duplicates + rejected)",
            name=op.f("ck_import_run_counted"),
        ),
    )
    op.create_index("ix_import_run_started", "import_run", ["started_at", "id"])
    op.create_table(
        "import_finding",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("import_run_id", sa.BigInteger(), nullable=False),
        sa.Column("level", choice("findinglevel", "REJECT", "WARNING"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("word", sa.Text()),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_finding"),
        sa.ForeignKeyConstraint(["import_run_id"], ["import_run.id"], name="fk_import_finding_import_run_id"),
        sa.UniqueConstraint(
            "import_run_id",
            "level",
            "code",
            "word",
            name="uq_import_finding_import_run_id_level_code_word",
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint("lines > 0", name=op.f("ck_import_finding_counted")),
    )


def changes() -> None:
    matters = ", ".join(MATTERS)
    op.create_table(
        "record_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("import_run_id", sa.BigInteger()),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("former", sa.Text()),
        sa.Column("present", sa.Text()),
        *(sa.Column(name, sa.BigInteger()) for name in MATTERS),
        sa.PrimaryKeyConstraint("id", name="pk_record_change"),
        sa.ForeignKeyConstraint(["import_run_id"], ["import_run.id"], name="fk_record_change_import_run_id"),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=f"fk_record_change_{name}")
            for name, table in MATTERS.items()
        ),
        sa.CheckConstraint(f"num_nonnulls({matters}) = 1", name=op.f("ck_record_change_of_one_matter")),
        sa.CheckConstraint("former IS DISTINCT FROM present", name=op.f("ck_record_change_differs")),
    )
    for name in MATTERS:
        op.create_index(f"ix_record_change_{name}", "record_change", [name])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON record_change"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)
