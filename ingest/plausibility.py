"""Plausibility checks of a line (R24). A contradiction is a warning; an impossible value is a reject."""

from datetime import UTC, date, datetime

from ingest.report import LineError
from models.case_numbers import CaseNumber
from models.terms import add_months, to_court_day

Warnings = tuple[tuple[str, str], ...]
"""Warning codes, each with the word that it is about, or ""."""

YOUNGEST = 8
"""Persons under this age have no capacity for civil conduct (Civil Code, article 20)."""

YEARS_APART = 1
"""A case filed at the turn of the year may have a number of the other year."""


def check_case(number: CaseNumber, court_code: str, filed_on: date, closed_on: date | None) -> Warnings:
    """Check a case. Raises LineError DATE for a day in the future.

    COURT_DIFFERS: the number belongs to another court, as after transfer by designation (指定管辖).
    YEAR_DIFFERS: the filing year differs from the year of the number by more than YEARS_APART.
    """
    last = closed_on if closed_on and closed_on > filed_on else filed_on
    if last > (now := datetime.now(UTC)).date() and last > to_court_day(now):
        raise LineError("DATE", "The case was filed or closed on a day that has not come: correct the dates.")
    doubts: Warnings = ()
    if number.court_code not in (None, court_code):
        doubts += (("COURT_DIFFERS", ""),)
    if abs(number.year - filed_on.year) > YEARS_APART:
        doubts += (("YEAR_DIFFERS", ""),)
    return doubts


def check_age(born_on: date | None, filed_on: date) -> Warnings:
    """Check the age of a party. AGE: born after the case was filed, or under eight at its filing."""
    if born_on is None or filed_on.year > born_on.year + YOUNGEST or filed_on >= add_months(born_on, 12 * YOUNGEST):
        return ()
    return (("AGE", ""),)
