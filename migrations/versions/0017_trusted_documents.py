"""Trusted documents."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


TELL = """
CREATE OR REPLACE FUNCTION tell_of_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('suxin_revoked', coalesce(to_jsonb(NEW), to_jsonb(OLD)) ->> TG_ARGV[0]);
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(TELL)
    op.add_column("client", sa.Column("documents", sa.String(40), server_default="OPEN", nullable=False))
    op.create_check_constraint(
        op.f("ck_client_documentpolicy"), "client", "documents IN ('OPEN', 'LOGGED', 'TRUSTED_ONLY')"
    )
    op.create_table(
        "trusted_document",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("purposes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("digest = sha256(convert_to(text, 'UTF8'))", name=op.f("ck_trusted_document_digest")),
        sa.CheckConstraint("octet_length(text) <= 16384", name=op.f("ck_trusted_document_text")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_trusted_document_client_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_document")),
        sa.UniqueConstraint("client_id", "identifier", name=op.f("uq_trusted_document_client_id_identifier")),
    )
    op.create_index("ix_trusted_document_digest", "trusted_document", ["client_id", "digest"])
    op.execute(
        "CREATE TRIGGER tell_of_revocation AFTER DELETE ON trusted_document"
        " FOR EACH ROW EXECUTE FUNCTION tell_of_revocation('client_id')"
    )
