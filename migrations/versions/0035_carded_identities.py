"""Cards of identity documents: a party by the keyed hash of a number, with its colour outside the courts.

They belong to the card of the party, and are made and withdrawn with it (0034).
"""

from alembic import op

revision = "0035"
down_revision = "0034"

LOCK = 0x5355_4344
"""`postgres.locks.Lock.CARDS`, with the number of the bucket."""

MOST = 100
"""Deductions of a party that are copied at most."""

PARTY = (
    "kind", "disclosed", "held", "folded", "name", "of_age_from", "merged_id", "village_id", "household_id", "created_at",
)  # fmt: skip
"""The columns of the party, apart from its key."""

VIEW = f"""
CREATE VIEW identity_facts AS
SELECT i.index, p.id AS party_id, {", ".join(f"p.{name}" for name in PARTY)},
    CASE WHEN p.kind = 'PERSON' THEN ARRAY(
        SELECT j.index FROM identity j WHERE j.party_id = p.id ORDER BY j.index
    ) END AS indexes
FROM identity i JOIN party p ON p.id = i.party_id
"""  # noqa: S608 - constants
TABLE = """
CREATE TABLE carded_identity AS SELECT *, ''::varchar(40) AS colour, 'empty'::daterange AS during FROM identity_facts
    WITH NO DATA;
ALTER TABLE carded_identity
    ADD CONSTRAINT pk_carded_identity PRIMARY KEY (index),
    ADD CONSTRAINT fk_carded_identity_party_id FOREIGN KEY (party_id) REFERENCES party_card ON DELETE CASCADE,
    ADD remake_on date GENERATED ALWAYS AS (upper(during)) STORED,
    %s;
CREATE INDEX ix_carded_identity_party_id ON carded_identity (party_id);
CREATE INDEX ix_carded_identity_remake_on ON carded_identity (remake_on)
"""
REQUIRED = ("party_id", "kind", "disclosed", "held", "folded", "name", "of_age_from", "created_at")

FIND = """
CREATE FUNCTION find_period(party bigint, view_of text, day date) RETURNS TABLE (colour varchar, during daterange)
LANGUAGE sql STABLE AS $$
/* The period that covers a day by today's knowledge: green without bounds for a party without periods. */
    SELECT p.colour, p.during FROM code_period p
    WHERE p.party_id = party AND p.perspective = view_of AND upper_inf(p.known) AND range_contains_elem(p.during, day)
    UNION ALL SELECT 'GREEN', daterange(NULL, NULL) WHERE NOT EXISTS (
        SELECT FROM code_period p WHERE p.party_id = party AND p.perspective = view_of AND upper_inf(p.known)
    )
$$
"""
MAKE = f"""
CREATE OR REPLACE FUNCTION make_cards(bucket int, parties bigint[], day date) RETURNS int LANGUAGE plpgsql AS $$
/* Makes the cards of parties of one bucket. Returns their number, 0 if a writer holds the bucket. */
DECLARE
    made int;
BEGIN
    PERFORM require_read_committed();
    IF NOT pg_try_advisory_xact_lock({LOCK}, bucket) THEN
        RETURN 0;
    END IF;
    DELETE FROM card_withdrawal WHERE party_id = ANY (parties);
    DELETE FROM party_card WHERE party_id = ANY (parties);
    INSERT INTO party_card (party_id, colour, during, copied)
    SELECT k.id, found.colour, found.during,
        {MOST} >= (SELECT count(*) FROM (SELECT FROM deduction d WHERE d.party_id = k.id LIMIT {MOST} + 1) AS found_first)
    FROM party k LEFT JOIN LATERAL find_period(k.id, 'COURT', day) AS found ON true
    WHERE k.id = ANY (parties) AND k.id & 63 = bucket;
    GET DIAGNOSTICS made = ROW_COUNT;
    INSERT INTO carded_deduction SELECT f.* FROM deduction_facts f
    WHERE f.party_id IN (SELECT k.party_id FROM party_card k WHERE k.party_id = ANY (parties) AND k.copied);
    INSERT INTO carded_identity SELECT f.*, found.colour, found.during
    FROM identity_facts f LEFT JOIN LATERAL find_period(f.party_id, 'OUTSIDE', day) AS found ON true
    WHERE f.party_id IN (SELECT k.party_id FROM party_card k WHERE k.party_id = ANY (parties));
    RETURN made;
END $$
"""
TRIGGER = """
CREATE FUNCTION withdraw_cards_%s() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parties bigint[] := ARRAY(%s);
BEGIN
    IF cardinality(parties) > 0 THEN
        PERFORM withdraw_cards(parties);
    END IF;
    RETURN NULL;
END $$
"""
FACTS = f"id, {', '.join(PARTY)}"
BODIES = {
    "identity": (
        "SELECT i.party_id FROM (SELECT index, party_id FROM changed EXCEPT SELECT index, party_id FROM former) i"
        " UNION SELECT i.party_id FROM (SELECT index, party_id FROM former EXCEPT SELECT index, party_id FROM changed) i"
    ),
    "party": f"SELECT p.id FROM (SELECT {FACTS} FROM changed EXCEPT SELECT {FACTS} FROM former) p",  # noqa: S608
}
ALL = """
CREATE OR REPLACE FUNCTION withdraw_all_cards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE party_card, carded_deduction, carded_identity, card_withdrawal;
    RETURN NULL;
END $$
"""
ATTACH = "CREATE TRIGGER withdraw_cards_{0} AFTER {1} ON {2} {3} FOR EACH STATEMENT EXECUTE FUNCTION {4}()"
NEW, OLD = "REFERENCING NEW TABLE AS changed", "REFERENCING OLD TABLE AS former"
BOTH = f"{OLD} NEW TABLE AS changed"


def upgrade() -> None:
    """Create the table, its view and its triggers. All cards are made anew by the worker."""
    op.execute(VIEW)
    op.execute(TABLE % ", ".join(f"ALTER {name} SET NOT NULL" for name in REQUIRED))
    op.execute(FIND)
    op.execute(MAKE)
    op.execute(ALL)
    for name, body in BODIES.items():
        op.execute(TRIGGER % (name, body))
        op.execute(ATTACH.format("updated", "UPDATE", name, BOTH, f"withdraw_cards_{name}"))
    op.execute(ATTACH.format("inserted", "INSERT", "identity", NEW, "withdraw_cards_inserted"))
    op.execute(ATTACH.format("deleted", "DELETE", "identity", OLD, "withdraw_cards_deleted"))
    op.execute(ATTACH.format("truncated", "TRUNCATE", "identity", "", "withdraw_all_cards"))
    op.execute("TRUNCATE party_card, carded_deduction, card_withdrawal, carded_identity")
    op.execute("ANALYZE carded_identity")
