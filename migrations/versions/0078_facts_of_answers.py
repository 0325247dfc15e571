"""The fingerprint of what an answer depends on, and cards that are withdrawn by whatever is written about a party.

A standby answers from its copy, and the primary confirms the answer if its own fingerprint is the same.
"""

from alembic import op

revision = "0078"
down_revision = "0077"

FINGERPRINT = """
CREATE FUNCTION fingerprint_facts(of_client bigint, about bigint[], asked bytea[]) RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
/* A hash of the versions of all cards of these parties, and of the parties with these documents, and of the consents and
   share codes for their documents. NULL if there is nobody, or a party without a valid card: the hash would not change
   with its tables. The rows of a card are made by one transaction, so that the version of any is that of the card. */
DECLARE
    documents bytea[];
    parties bigint[];
    others bigint[];
    carded bigint := 0;
    of_documents text;
    of_others text;
BEGIN
    IF asked IS NOT NULL THEN
        WITH found AS MATERIALIZED (
            SELECT i.index, i.party_id, i.indexes, i.xmin AS version FROM carded_identity i WHERE i.index = ANY (asked)
        )
        SELECT count(*), array_agg(f.party_id), string_agg(concat(f.party_id, ':', f.version), ',' ORDER BY f.index),
            asked || ARRAY(SELECT unnest(g.indexes) FROM found g)
        INTO carded, parties, of_documents, documents FROM found f;
        IF carded < (SELECT count(*) FROM identity j WHERE j.index = ANY (asked)) THEN
            RETURN NULL;
        END IF;
    END IF;
    others := ARRAY(SELECT p FROM unnest(about) AS p WHERE p IS NOT NULL EXCEPT SELECT unnest(parties));
    IF others <> '{}' THEN
        SELECT count(*), string_agg(concat(k.party_id, ':', k.xmin), ',' ORDER BY k.party_id)
        INTO carded, of_others FROM party_card k WHERE k.party_id = ANY (others);
        IF carded < cardinality(others) THEN
            RETURN NULL;
        END IF;
        parties := parties || others;
    END IF;
    IF (parties IS NULL AND asked IS NULL) OR EXISTS (SELECT FROM card_withdrawal w WHERE w.party_id = ANY (parties)) THEN
        RETURN NULL;
    END IF;
    IF others <> '{}' AND (asked IS NOT NULL OR (
        SELECT c.valid_to FROM consent c WHERE c.client_key = of_client ORDER BY c.valid_to LIMIT 1  -- by the index
    ) IS NOT NULL) THEN
        documents := documents
            || ARRAY(SELECT unnest(i.indexes) FROM carded_identity i WHERE i.party_id = ANY (others));
    END IF;
    RETURN hashtextextended(concat(of_documents, ';', of_others, ';', (
        SELECT string_agg(concat(c.id, ':', c.xmin), ',' ORDER BY c.id) FROM consent c
        WHERE c.client_key = of_client AND c.subject_index = ANY (documents)
    ), ';', (
        SELECT string_agg(concat(s.id, ':', s.xmin), ',' ORDER BY s.id) FROM share_code s
        WHERE s.subject_index = ANY (documents)
    )), 0);
END $$
"""
WHOLE = """
CREATE OR REPLACE FUNCTION withdraw_cards_{0}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parties bigint[] := ARRAY(
        SELECT n.party_id FROM (SELECT {1} FROM changed EXCEPT SELECT {1} FROM former) n
        UNION SELECT o.party_id FROM (SELECT {1} FROM former EXCEPT SELECT {1} FROM changed) o
    );
BEGIN
    IF cardinality(parties) > 0 THEN
        PERFORM withdraw_cards(ARRAY(SELECT p FROM unnest(parties) AS p WHERE p IS NOT NULL));
    END IF;
    RETURN NULL;
END $$
"""
"""Withdraws the cards of the parties of all rows that an update has changed in any of these columns."""

OF_DEDUCTION = (
    "id, case_id, party_id, role, behaviour_id, stage, tier, points, status, version, conduct_on, finding_kind,"
    " finding_document, finding_issued_on, finding_digest, batch_id, proposed_by, reviewed_by, decided_by, proposed_at,"
    " notified_at, published_at, determined_on, expires_on, ended_at, publicity"
)
"""All columns but the day of the export, which nobody is shown and every import changes."""

ATTACH = "CREATE TRIGGER withdraw_cards_{0} AFTER {1} ON {2} {3} FOR EACH STATEMENT EXECUTE FUNCTION {4}()"
NEW, OLD = "REFERENCING NEW TABLE AS changed", "REFERENCING OLD TABLE AS former"
BOTH = f"{OLD} NEW TABLE AS changed"
FORMER_NAMES = """
CREATE FUNCTION withdraw_cards_named() RETURNS trigger LANGUAGE plpgsql AS $$
/* The names of a new party need not withdraw: it has no card. */
DECLARE
    parties bigint[] := ARRAY(SELECT DISTINCT n.party_id FROM changed n WHERE n.standing <> 'CURRENT');
BEGIN
    IF cardinality(parties) > 0 THEN
        PERFORM withdraw_cards(parties);
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Create the function, and withdraw cards by every change of a row about a party."""
    op.execute(FINGERPRINT)
    op.execute(WHOLE.format("deduction", OF_DEDUCTION))
    op.execute(WHOLE.format("repair", "*"))
    op.execute(FORMER_NAMES)
    for table, inserted in (("party_name", "withdraw_cards_named"), ("code_record", "withdraw_cards_inserted")):
        op.execute(WHOLE.format(table, "*"))
        op.execute(ATTACH.format("inserted", "INSERT", table, NEW, inserted))
        op.execute(ATTACH.format("updated", "UPDATE", table, BOTH, f"withdraw_cards_{table}"))
        op.execute(ATTACH.format("deleted", "DELETE", table, OLD, "withdraw_cards_deleted"))
        op.execute(ATTACH.format("truncated", "TRUNCATE", table, "", "withdraw_all_cards"))
