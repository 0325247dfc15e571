"""What contradicts itself in a line (R24): a warning that a person looks at, or a reject where it cannot be."""

from datetime import UTC, date, datetime

from ingest.report import LineError
from models.case_numbers import CaseNumber
from models.terms import add_months, to_court_day

Warnings = tuple[tuple[str, str], ...]
"""Codes, each with the word that it is about, if it is about one."""

YOUNGEST = 8
"""Under this age nobody acts in law at all (Civil Code, article 20): who is named is likely another."""

YEARS_APART = 1
"""A case filed in the last days of a year may get its number in the next, or the other way round."""


def doubts_of_case(number: CaseNumber, court_code: str, filed_on: date, closed_on: date | None) -> Warnings:
    """COURT_DIFFERS: the number is another court's, as of a case that was moved by designation (指定管辖).

    YEAR_DIFFERS: it was filed years from the year of its number. Raises LineError DATE for a day that has not come.
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


def doubts_of_age(born_on: date | None, filed_on: date) -> Warnings:
    """AGE: born after the case was filed, or a child under eight at its filing."""
    if born_on is None or filed_on.year > born_on.year + YOUNGEST or filed_on >= add_months(born_on, 12 * YOUNGEST):
        return ()
    return (("AGE", ""),)
