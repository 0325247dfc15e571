"""Tokens bound to keys: classes of clients, used proofs, pushed authorization requests.

The clients that there are stay `pilot`, so that nothing of theirs ends with the update; new ones that reach persons are
`fapi2`. Used proofs need no log: their tables are emptied by a crash, after which no proof from before it is accepted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"

USE = """
CREATE FUNCTION use_proofs(digests bytea[], made timestamptz[], expire timestamptz[], moment timestamptz)
RETURNS SETOF bytea LANGUAGE plpgsql AS $$
/* Records proofs; returns those that are new, and were made since used proofs are remembered. A proof may be signed by
a clock that is ten seconds ahead, so after a crash none is accepted for so long. */
BEGIN
    IF NOT EXISTS (SELECT FROM proof_memory) THEN
        INSERT INTO proof_memory (since) VALUES (moment + interval '11 seconds') ON CONFLICT DO NOTHING;
    END IF;
    RETURN QUERY INSERT INTO used_proof AS p (digest, expires_at)
        SELECT u.digest, u.expires_at FROM unnest(digests, made, expire) AS u (digest, made_at, expires_at)
        WHERE u.made_at >= (SELECT since FROM proof_memory)
        ON CONFLICT DO NOTHING RETURNING p.digest;
END $$
"""
PRUNE = """
CREATE FUNCTION prune_proofs(moment timestamptz) RETURNS void LANGUAGE sql AS $$
    DELETE FROM used_proof WHERE ctid = ANY (
        ARRAY(SELECT ctid FROM used_proof WHERE expires_at < moment FOR UPDATE SKIP LOCKED)
    )
$$
"""


def upgrade() -> None:
    """Create the tables, and add the columns to clients and codes."""
    op.add_column("client", sa.Column("profile", sa.String(40), server_default="pilot", nullable=False))
    op.add_column("client", sa.Column("jwks_uri", sa.Text()))
    checks = {
        "clientprofile": "profile IN ('fapi2', 'pilot')",
        "fapi2": "profile = 'pilot' OR authentication = 'private_key_jwt'",
        "jwks_uri": "jwks_uri IS NULL OR (authentication = 'private_key_jwt' AND starts_with(jwks_uri, 'https://'))",
    }
    for name, condition in checks.items():
        op.create_check_constraint(op.f(f"ck_client_{name}"), "client", condition)
    op.add_column("authorization_code", sa.Column("jkt", sa.Text()))
    op.create_table(
        "used_proof",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_used_proof_hashed")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_used_proof")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "proof_memory",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_proof_memory_one_row")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_proof_memory")),
        prefixes=["UNLOGGED"],
    )
    op.execute("INSERT INTO proof_memory (since) VALUES ('-infinity')")
    op.execute(USE)
    op.execute(PRUNE)
    op.create_table(
        "pushed_request",
        sa.Column("uri_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("parameters", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("jkt", sa.Text()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("octet_length(uri_hash) = 32", name=op.f("ck_pushed_request_hashed")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_pushed_request_client_id")),
        sa.PrimaryKeyConstraint("uri_hash", name=op.f("pk_pushed_request")),
    )
    op.create_index(op.f("ix_pushed_request_client_id"), "pushed_request", ["client_id"])
    op.create_index(op.f("ix_pushed_request_expires_at"), "pushed_request", ["expires_at"])
