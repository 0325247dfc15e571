"""Consents by recipient and by portal, share codes of anybody, watches, and who is told of an event."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

KINDS = (
    "ENTRY_PUBLISHED", "ENTRY_AMENDED", "ENTRY_WITHDRAWN", "ENTRY_EXPIRED", "OBJECTION_OPENED", "OBJECTION_CLOSED",
    "REPAIR_GRANTED", "RECORD_SHIELDED", "COLOUR_CHANGED", "LIST_ADDED", "LIST_REMOVED", "CERTIFICATE_ISSUED",
    "CERTIFICATE_REVOKED", "CONSENT_EXPIRING", "CONSENT_EXPIRED", "CONSENT_REVOKED",
)
OUTCOMES = ("WATCHED", "UNWATCHED", "NOT_WATCHED", "NAME_MISMATCH", "CONSENT_REQUIRED", "INVALID_NUMBER")


def upgrade() -> None:
    consents()
    share_codes()
    events()
    watches()


def consents() -> None:
    op.drop_constraint("uq_consent_reference", "consent")
    op.create_unique_constraint("uq_consent_client_key_reference", "consent", ["client_key", "reference"])
    op.add_column("consent", sa.Column("origin", sa.String(40), nullable=False, server_default="LETTER"))
    op.add_column("consent", sa.Column("evidence_hash", sa.LargeBinary()))
    op.create_check_constraint(op.f("ck_consent_consentorigin"), "consent", "origin IN ('LETTER', 'PORTAL')")
    op.create_check_constraint(op.f("ck_consent_evidence"), "consent", "octet_length(evidence_hash) = 32")
    op.create_index("ix_consent_valid_to", "consent", ["valid_to"], postgresql_where=sa.text("revoked_at IS NULL"))


def share_codes() -> None:
    op.add_column("share_code", sa.Column("subject_index", sa.LargeBinary()))
    op.add_column("share_code", sa.Column("shown_name", sa.Text()))
    op.add_column("share_code", sa.Column("shown_number", sa.Text()))
    op.add_column("share_code", sa.Column("scopes", sa.ARRAY(sa.Text())))
    op.add_column("share_code", sa.Column("single_use", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column("share_code", sa.Column("used_at", sa.DateTime(timezone=True)))
    op.add_column("share_code", sa.Column("used_request", sa.Uuid()))
    op.execute(
        "UPDATE share_code SET subject_index = identity.index, shown_name = party.name, shown_number = identity.masked,"
        " scopes = ARRAY['person.credit.read', 'person.integrity.read']"
        " FROM identity JOIN party ON party.id = identity.party_id WHERE identity.party_id = share_code.party_id"
    )
    op.drop_index("ix_share_code_party_id", "share_code")
    op.drop_column("share_code", "party_id")
    for name in ("subject_index", "shown_name", "shown_number", "scopes"):
        op.alter_column("share_code", name, nullable=False)
    op.create_index("ix_share_code_subject_index", "share_code", ["subject_index"])
    checks = {
        "lasts": "valid_to > created_at",
        "names_purpose_and_scope": "cardinality(purposes) > 0 AND cardinality(scopes) > 0",
        "hashed": "octet_length(code_hash) = 32",
        "masked_form": "shown_number LIKE '%*%'",
        "used": "(used_at IS NULL) = (used_request IS NULL)",
        "used_once": "single_use OR used_at IS NULL",
    }
    for name, rule in checks.items():
        op.create_check_constraint(op.f(f"ck_share_code_{name}"), "share_code", rule)


def events() -> None:
    op.execute("ALTER TABLE event DISABLE TRIGGER append_only")
    op.add_column("event", sa.Column("consent_id", sa.BigInteger()))
    op.create_foreign_key("fk_event_consent_id", "event", "consent", ["consent_id"], ["id"])
    op.alter_column("event", "party_id", nullable=True)
    op.alter_column("event", "sequence", nullable=True)
    # Nothing but a demo ever wrote events of consents about parties.
    op.execute("DELETE FROM event WHERE kind LIKE 'CONSENT%'")
    op.execute("ALTER TABLE event ENABLE TRIGGER append_only")
    op.drop_constraint(op.f("ck_event_eventkind"), "event")
    op.create_check_constraint(op.f("ck_event_eventkind"), "event", f"kind IN {KINDS}")
    checks = {
        "of_one_subject": "num_nonnulls(party_id, consent_id) = 1",
        "parties_are_counted": "(party_id IS NULL) = (sequence IS NULL)",
        "consents": "(consent_id IS NOT NULL) = (kind LIKE 'CONSENT%')",
    }
    for name, rule in checks.items():
        op.create_check_constraint(op.f(f"ck_event_{name}"), "event", rule)
    op.create_index(
        "ix_event_consent_id", "event", ["consent_id"], postgresql_where=sa.text("consent_id IS NOT NULL")
    )


def watches() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "watch",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("client_key", sa.BigInteger(), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("ended_at", moment),
        sa.PrimaryKeyConstraint("id", name="pk_watch"),
        sa.ForeignKeyConstraint(["client_key"], ["client.id"], name="fk_watch_client_key"),
        sa.CheckConstraint("(ended_at IS NULL) = (name IS NOT NULL)", name=op.f("ck_watch_named_while_it_lasts")),
        sa.CheckConstraint("kind IN ('PERSON', 'ORGANIZATION')", name=op.f("ck_watch_partykind")),
    )
    open_watch = sa.text("ended_at IS NULL")
    op.create_index("uq_watch_open", "watch", ["subject_index", "client_key"], unique=True, postgresql_where=open_watch)
    op.create_index("ix_watch_client_key", "watch", ["client_key", "reference"])
    op.create_table(
        "watch_order",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("client_key", sa.BigInteger(), nullable=False),
        sa.Column("given_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_watch_order"),
        sa.ForeignKeyConstraint(["client_key"], ["client.id"], name="fk_watch_order_client_key"),
    )
    op.create_table(
        "watch_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("subject_index", sa.LargeBinary()),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("watch_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_watch_line"),
        sa.ForeignKeyConstraint(["order_id"], ["watch_order.id"], name="fk_watch_line_order_id"),
        sa.ForeignKeyConstraint(["watch_id"], ["watch.id"], name="fk_watch_line_watch_id"),
        sa.UniqueConstraint("order_id", "ordinal", name="uq_watch_line_order_id_ordinal"),
        sa.CheckConstraint(f"outcome IN {OUTCOMES}", name=op.f("ck_watch_line_watchoutcome")),
    )
    op.create_index("ix_watch_line_watch_id", "watch_line", ["watch_id"])
    op.create_table(
        "notification",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("client_key", sa.BigInteger(), nullable=False),
        sa.Column("watch_id", sa.BigInteger()),
        sa.Column("reference", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name="fk_notification_event_id"),
        sa.ForeignKeyConstraint(["client_key"], ["client.id"], name="fk_notification_client_key"),
        sa.ForeignKeyConstraint(["watch_id"], ["watch.id"], name="fk_notification_watch_id"),
        sa.UniqueConstraint("event_id", "client_key", name="uq_notification_event_id_client_key"),
    )
    op.create_index("ix_notification_client_key", "notification", ["client_key", "event_id"])
    op.create_index("ix_notification_watch_id", "notification", ["watch_id"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON notification"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
