"""Facts of the city, read by plain statements, counted in Python, and taken away or added while a test looks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

Numbers = tuple[int, ...]
Figures = dict[tuple[Any, ...], Numbers]
"""Numbers by the values of the dimensions."""

DEDUCTIONS = """
  SELECT deduction.id, coalesce(determined_on, (proposed_at AT TIME ZONE 'PRC')::date) AS day, behaviour.code,
    deduction.tier, deduction.points, deduction.party_id, party.name
  FROM deduction JOIN behaviour ON behaviour.id = behaviour_id JOIN court_case ON court_case.id = case_id
    JOIN party ON party.id = party_id
  WHERE starts_with(court_code, '浙0281') ORDER BY deduction.id
"""
STEPS = """
  SELECT step.id, step.deduction_id, step.status,
    (taken_at AT TIME ZONE 'PRC')::date - (proposed_at AT TIME ZONE 'PRC')::date AS days
  FROM deduction_step AS step JOIN deduction ON deduction.id = deduction_id JOIN court_case ON court_case.id = case_id
  WHERE starts_with(court_code, '浙0281') ORDER BY step.deduction_id, sequence
"""
OBJECTIONS = """
  SELECT objection.id, objection.outcome, due_on, (objection.decided_at AT TIME ZONE 'PRC')::date AS day, court.name
  FROM objection LEFT JOIN deduction ON deduction.id = objection.deduction_id
    LEFT JOIN court_case ON court_case.id = deduction.case_id
    LEFT JOIN listing ON listing.id = objection.listing_id
    LEFT JOIN sanction ON sanction.id = objection.sanction_id
    LEFT JOIN code_record ON code_record.id = objection.code_record_id
    JOIN court ON court.code = coalesce(
      court_case.court_code, listing.court_code, sanction.court_code, code_record.court_code)
  WHERE starts_with(court.code, '浙0281') ORDER BY objection.id
"""
REPAIRS = """
  SELECT repair.id, court_case.division, outcome, amount_performed
  FROM repair LEFT JOIN deduction ON deduction.id = repair.deduction_id
    LEFT JOIN code_record ON code_record.id = repair.code_record_id
    LEFT JOIN court_case ON court_case.id IN (deduction.case_id, code_record.case_id)
  WHERE starts_with(coalesce(code_record.court_code, court_case.court_code), '浙0281') ORDER BY repair.id
"""
LOOK_UPS = """
  SELECT answer.id, client.name, answer.audience, (at AT TIME ZONE 'PRC')::date AS day,
    parties[1] AS party_id, indexes[1] AS hash
  FROM access_answer AS answer JOIN client ON client.id = client_key
  WHERE answer.audience IN ('BANK', 'EMPLOYER', 'COMMERCE', 'PUBLIC_PORTAL') ORDER BY answer.id
"""
KNOWN = """
  SELECT party_id, min(filed_on) AS since FROM (
    SELECT party_id, filed_on FROM participation JOIN court_case ON court_case.id = case_id
    WHERE party_id IS NOT NULL AND starts_with(court_code, '浙0281')
    UNION ALL SELECT party_id, effective_on FROM code_record WHERE starts_with(court_code, '浙0281')) AS met
  GROUP BY party_id
"""
COLOURS = """
  SELECT id, party_id, colour, lower(during) AS first, upper(during) AS after FROM (
    SELECT row_number() OVER () AS id, * FROM code_period WHERE perspective = 'COURT' AND upper_inf(known)) AS period
"""
LOANS = """
  SELECT loan.id, client.name, loan.outcome, loan.amount, loan.party_id
  FROM incentive_loan AS loan JOIN client ON client.id = client_key JOIN certificate ON certificate.id = certificate_id
    JOIN court_case ON court_case.id = case_id WHERE starts_with(court_case.court_code, '浙0281') ORDER BY loan.id
"""
LINES = """
  SELECT line.id, client.name, line.amount, line.party_id, line.closed_on, line.expires_on,
    coalesce((SELECT sum(amount) FROM incentive_loan
      WHERE line_id = line.id AND outcome IS DISTINCT FROM 'CANCELLED'), 0) AS lent,
    coalesce((SELECT sum(amount) FROM incentive_loan WHERE line_id = line.id AND outcome = 'REPAID'), 0) AS repaid
  FROM credit_line AS line JOIN client ON client.id = client_key JOIN certificate ON certificate.id = certificate_id
    JOIN court_case ON court_case.id = case_id WHERE starts_with(court_case.court_code, '浙0281') ORDER BY line.id
"""
NOTICES = """
  SELECT notice.id, village.name, (sent_at AT TIME ZONE 'PRC')::date AS sent,
    (acknowledged_at AT TIME ZONE 'PRC')::date AS acknowledged
  FROM point_conversion AS entry LEFT JOIN deduction ON deduction.id = entry.deduction_id
    LEFT JOIN court_case ON court_case.id = deduction.case_id
    LEFT JOIN code_record ON code_record.id = entry.code_record_id
    LEFT JOIN settlement ON settlement.id = settlement_id JOIN household ON household.id = entry.household_id
    JOIN village ON village.id = household.village_id
    JOIN village_notice AS notice ON notice.conversion_id = entry.id
  WHERE starts_with(coalesce(court_case.court_code, code_record.court_code, settlement.court_code), '浙0281')
  ORDER BY notice.id
"""
CONVERSIONS = """
  SELECT entry.id, household.key, village.name, entry.points
  FROM point_conversion AS entry LEFT JOIN deduction ON deduction.id = entry.deduction_id
    LEFT JOIN court_case ON court_case.id = deduction.case_id
    LEFT JOIN code_record ON code_record.id = entry.code_record_id
    LEFT JOIN settlement ON settlement.id = settlement_id JOIN household ON household.id = entry.household_id
    JOIN village ON village.id = household.village_id
  WHERE starts_with(coalesce(court_case.court_code, code_record.court_code, settlement.court_code), '浙0281')
  ORDER BY entry.id
"""
GREEN_FOR_GOOD = """
  SELECT min(participation.id) AS id FROM participation JOIN court_case ON court_case.id = case_id
  WHERE starts_with(court_code, '浙0281')
    AND party_id NOT IN (SELECT party_id FROM code_period UNION SELECT party_id FROM code_record)
  GROUP BY party_id HAVING count(*) = 1 AND min(filed_on) < '2025-12-01' ORDER BY 1
"""
COLUMNS = """
  SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
  WHERE table_name = :table AND table_schema = 'public' AND is_generated = 'NEVER'
"""


def read(engine: sa.Engine, statement: str, **values: Any) -> list[Any]:
    """The rows of a statement."""
    with engine.connect() as connection:
        return list(connection.execute(sa.text(statement), values).all())


@contextmanager
def taken_away(engine: sa.Engine, table: str, key: int) -> Iterator[None]:
    """One row of a table is not there, whatever refers to it; as it was before when the context ends."""
    with engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))  # without triggers and foreign keys
        columns = connection.scalar(sa.text(COLUMNS), {"table": table})
        where = f"FROM {table} WHERE id = :key"
        connection.execute(sa.text(f"CREATE TABLE kept AS SELECT {columns} {where}"), {"key": key})
        assert connection.execute(sa.text(f"DELETE {where}"), {"key": key}).rowcount == 1
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            into = f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE"
            connection.execute(sa.text(f"{into} TABLE kept"))
            connection.execute(sa.text("DROP TABLE kept"))


@contextmanager
def added(engine: sa.Engine, table: str, key: int, **others: str) -> Iterator[None]:
    """One row of a table is there a second time, but for its id and `others` (expressions in SQL by column).

    Its id is one that no sequence gives. The row is gone when the context ends.
    """
    with engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))  # as `taken_away` does it
        columns = connection.scalar(sa.text(COLUMNS), {"table": table}).split(", ")
        values = ", ".join(({"id": "-1"} | others).get(column, column) for column in columns)
        copied = f"SELECT {values} FROM {table} WHERE id = :key"  # noqa: S608 - of the tests
        into = f"INSERT INTO {table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE {copied}"
        assert connection.execute(sa.text(into), {"key": key}).rowcount == 1
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            assert connection.execute(sa.text(f"DELETE FROM {table} WHERE id = -1")).rowcount == 1  # noqa: S608


def subtract(more: Mapping[Any, Numbers], less: Mapping[Any, Numbers]) -> Figures:
    """What the figures of each group differ by. Groups that do not differ are left out."""
    none = tuple(0 for _ in next(iter([*more.values(), *less.values()])))
    pairs = {key: (more.get(key, none), less.get(key, none)) for key in {*more, *less}}
    found = {key: tuple(one - other for one, other in zip(*pair, strict=True)) for key, pair in pairs.items()}
    return {key: numbers for key, numbers in found.items() if any(numbers)}
