"""The list of dishonest litigants: an entry rests on a published deduction, and is public while that one is."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"

KINDS = "('DISHONEST_DEBTOR', 'PROFESSIONAL_LENDER', 'DISHONEST_LITIGANT')"
PUBLICITY = """
CREATE OR REPLACE FUNCTION listing_publicity(item listing) RETURNS daterange
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    own daterange := days(item.published_on, least(item.ends_on, item.removed_on - 1));
BEGIN
    IF EXISTS (
            SELECT FROM code_record r WHERE r.listing_id = item.id
            AND r.close_reason IN ('REVOKED', 'WITHDRAWN', 'SHIELDED')
        )
        OR NOT may_leave_court(item.party_id, item.case_id, NULL, item.listed_on)
    THEN
        RETURN 'empty';
    END IF;
    IF item.deduction_id IS NOT NULL THEN
        RETURN own * (SELECT d.publicity FROM deduction d WHERE d.id = item.deduction_id);
    END IF;
    RETURN own;
END $$
"""
FOLLOW = """
CREATE FUNCTION follow_listed_deduction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE listing i SET publicity = listing_publicity(i) FROM changed n
    WHERE i.deduction_id = n.id AND i.publicity <> listing_publicity(i);
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER follow_listed_deduction_update AFTER UPDATE ON deduction
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION follow_listed_deduction()
"""


def upgrade() -> None:
    """Add the third list and what an entry of it rests on."""
    for table in ("listing", "removal"):
        op.drop_constraint(op.f(f"ck_{table}_listingkind"), table)
        op.create_check_constraint(op.f(f"ck_{table}_listingkind"), table, f"kind IN {KINDS}")
    op.add_column("listing", sa.Column("deduction_id", sa.BigInteger(), sa.ForeignKey("deduction.id")))
    op.create_check_constraint(
        op.f("ck_listing_litigants_by_deduction"),
        "listing",
        "(kind = 'DISHONEST_LITIGANT') = (deduction_id IS NOT NULL)",
    )
    op.create_index(
        "uq_listing_litigant",
        "listing",
        ["deduction_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'DISHONEST_LITIGANT'"),
    )
    for statement in (PUBLICITY, FOLLOW, TRIGGER):
        op.execute(statement)
