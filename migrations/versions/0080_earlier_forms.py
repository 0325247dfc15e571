"""Subjects whose hashes are still of before the change to SM (ADR 41), and the functions that find the stored form."""

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0079"

LISTED = """
CREATE FUNCTION listed_form(newest_hash bytea, earlier_hash bytea) RETURNS bytea LANGUAGE plpgsql
STABLE PARALLEL SAFE AS $$
/* Return the form in which the rows of a subject are stored, as the calling statement sees them. */
BEGIN
    IF EXISTS (SELECT FROM earlier_form AS f WHERE f.earlier = earlier_hash) THEN
        RETURN earlier_hash;
    END IF;
    RETURN newest_hash;
END $$
"""
STORED = """
CREATE FUNCTION stored_form(newest_hash bytea, earlier_hash bytea) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $$
/* The same; without an earlier form, nothing is looked up. It is inlined. */
SELECT CASE WHEN earlier_hash IS NULL THEN newest_hash ELSE listed_form(newest_hash, earlier_hash) END
$$
"""
CLAIM = """
CREATE FUNCTION claim_form(newest_hash bytea, earlier_hash bytea) RETURNS bytea LANGUAGE plpgsql AS $$
/* Return the form in which the rows of a subject are stored, and keep it so until the transaction ends. */
BEGIN
    PERFORM FROM earlier_form AS f WHERE f.earlier = earlier_hash FOR SHARE;
    IF FOUND THEN
        RETURN earlier_hash;
    END IF;
    RETURN newest_hash;
END $$
"""


def upgrade() -> None:
    """Create the table and the functions."""
    op.create_table(
        "earlier_form",
        sa.Column("earlier", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("earlier", name=op.f("pk_earlier_form")),
        sa.CheckConstraint("octet_length(earlier) = 21", name=op.f("ck_earlier_form_keyed_hash")),
    )
    op.execute(LISTED)
    op.execute(STORED)
    op.execute(CLAIM)
