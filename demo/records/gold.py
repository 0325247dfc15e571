"""Holders of performance certificates (R11)."""

from demo.city.draft import Draft, Row
from demo.city.population import Population
from demo.records.codes import certify, end_record, enforce
from models.certificate import Certificate
from models.code_record import CloseReason


def fill_gold(population: Population, target: int) -> None:
    """Create certificates. One of eight has expired, one holder of eight is under enforcement; a few are revoked."""
    draft = population.draft
    for index in range(max(0, target - len(draft.rows[Certificate]))):
        past = index % 8 == 3
        party, case = population.heard(600, 800) if past else population.heard()
        issued = draft.after(case["closed_on"], 3, 60) if past else max(case["closed_on"], draft.ago(12, 200))
        record = certify(draft, party, case, issued)
        if index % 8 == 6:
            court = case["court_code"]
            enforce(draft, party, population.creditor(court), court, draft.ago(3, 10), None)
        elif index % 24 == 1:
            _revoke(draft, record)


def _revoke(draft: Draft, record: Row) -> None:
    certificate = draft.rows[Certificate][-1]
    certificate["revoked_on"] = draft.after(record["effective_on"], 5, 9)
    end_record(record, certificate["revoked_on"], CloseReason.REVOKED)
