"""The SQL statements of the strawberry peer."""

import sqlalchemy as sa

PAGE = sa.text("select id, name from party where id > :key order by id limit :first")
PARTY = sa.text("select id, name from party where id = :key")
FOUND = sa.text(
    "select identity.index, party.id, party.name, party.kind from identity "
    "join party on party.id = identity.party_id where identity.index = any(:indexes) and party.disclosed"
)
CODES = sa.text(
    "select party_id, colour, lower(during) as since from code_period "
    "where party_id = any(:keys) and perspective = :perspective and upper_inf(known) and during @> cast(:today as date)"
)
BEHAVIOURS = sa.text("select id, code, name from behaviour where id = any(:keys)")
CASES = sa.text("select id, number, cause, court_code from court_case where id = any(:keys)")
COURTS = sa.text("select code, name from court where code = any(:keys)")
REPAIRS = sa.text("select deduction_id, ground, outcome from repair where deduction_id = any(:keys) order by id")


def _deductions_of_each(condition: str) -> sa.TextClause:
    """The first deductions of each party, with their status today."""
    return sa.text(f"""
        select taken.*
        from unnest(cast(:keys as bigint[])) as asked (party_id)
        cross join lateral (
            select id, party_id, case_id, behaviour_id, points, published_at,
                case when status = 'PUBLISHED' and expires_on < :today then 'EXPIRED' else status end as status
            from deduction
            where deduction.party_id = asked.party_id and {condition}
            order by id
            limit :first
        ) as taken
    """)  # noqa: S608 - the conditions are the two below


DEDUCTIONS = _deductions_of_each("true")
PUBLISHED = _deductions_of_each("status = 'PUBLISHED' and published_at <= now() and expires_on >= :today")
