"""What answers depend on, by which the primary confirms what a standby has read (ADR 40)."""

import sqlalchemy as sa

from engine.declare.sql import SQL

COVERED = frozenset({
    "party", "party_name", "identity", "deduction", "deduction_facts", "repair", "code_period", "code_record",
    "party_card", "carded_deduction", "carded_identity", "card_withdrawal", "consent", "share_code",
})  # fmt: skip
"""Tables whose changes alter the fingerprint: of the rows about a party by the withdrawal of its card."""

LATE = frozenset({"access_shape", "behaviour", "court", "case_type"})
"""Tables that tell nothing of anybody, and may be read late: the catalogue, the courts, and the kinds of answers."""

TIMELY = frozenset({"masks_organizations"})
"""Columns of these that decide what the public sees: a court that begins to mask names is obeyed at once."""

POSITION = """
    SELECT ('x' || substr(pg_walfile_name(place.lsn), 1, 8))::bit(32)::int AS timeline,
        (place.lsn - '0/0')::bigint AS lsn
    FROM (SELECT pg_current_wal_insert_lsn() AS lsn) AS place
"""
"""The timeline and the position of the primary. Its statement sees nothing that was committed later."""

INSERTED = (
    "at", "client_key", "request_id", "audience", "operator", "branch", "purpose", "shape_id", "subjects", "results",
    "parties", "indexes", "consents", "share_codes", "refs", "relations",
)  # fmt: skip
CONFIRMATION = f"""
    WITH sent AS MATERIALIZED (
        SELECT given.ordinal, given.fingerprint, entry.*
        FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS given (entry, fingerprint, ordinal)
        CROSS JOIN LATERAL json_populate_record(NULL::access_answer, given.entry::json) AS entry
    ), confirmed AS MATERIALIZED (
        SELECT * FROM sent WHERE fingerprint = fingerprint_facts(client_key, parties, indexes)
    ), inserted AS (
        INSERT INTO access_answer ({", ".join(INSERTED)}) SELECT {", ".join(INSERTED)} FROM confirmed
    )
    SELECT confirmed.ordinal IS NOT NULL, place.timeline, place.lsn
    FROM sent LEFT JOIN confirmed USING (ordinal) CROSS JOIN ({POSITION}) AS place ORDER BY ordinal
"""  # noqa: S608 - names of columns


class AnswerFacts:
    """The facts of answers about parties, as described by `engine.audit.Facts`. The SQL function `fingerprint_facts`
    hashes the versions of the cards of all parties of an entry, and those of the consents and share codes that the
    client has for their documents. It is NULL for an answer about nobody, and if a party has no valid card."""

    tables = COVERED | LATE
    timely = TIMELY
    confirmation = CONFIRMATION

    def fingerprint(self, rows: sa.FromClause) -> SQL:
        """Return the fingerprint of an answer. Kinds of answers that the standby does not know yet have none."""
        parties, indexes = (rows.c.get(name, sa.null()) for name in ("parties", "indexes"))
        given = sa.cast(parties, sa.ARRAY(sa.BigInteger)), sa.cast(indexes, sa.ARRAY(sa.LargeBinary))
        found: SQL = sa.func.fingerprint_facts(rows.c.client_key, *given, type_=sa.BigInteger)
        return sa.case((rows.c.shape_id.is_not(None), found))
