"""What the database says, in the words of the reference of the import tests."""

from collections.abc import Mapping
from typing import Any

from import_books import DEBTOR, DEDUCTION, LENDER, SANCTION

KEYED = """
SELECT 's' || s.id AS id, 'sanction' AS kind, p.name, s.decision_number AS number, s.kind AS sort, NULL::date AS day,
 s.publicity @> CAST(:day AS date) AS public FROM sanction s JOIN party p ON p.id = s.party_id
UNION ALL SELECT 'l' || l.id, l.kind, p.name, l.case_number, '', l.published_on, l.publicity @> CAST(:day AS date)
 FROM listing l JOIN party p ON p.id = l.party_id
UNION ALL SELECT 'c' || id, 'certificate', '', number, '', NULL, publicity @> CAST(:day AS date) FROM certificate
UNION ALL SELECT 'd' || d.id, 'deduction', p.name, concat_ws(' ', c.number, b.code, d.finding_document), '',
 d.conduct_on, d.publicity @> CAST(:day AS date) FROM deduction d JOIN party p ON p.id = d.party_id
 JOIN court_case c ON c.id = d.case_id JOIN behaviour b ON b.id = d.behaviour_id
"""
SOURCE = "coalesce('s' || r.sanction_id, 'l' || r.listing_id, 'c' || r.certificate_id, 'd' || r.deduction_id)"
MEASURED = f"""
SELECT {SOURCE} AS source FROM measure m JOIN code_record r ON r.id = m.code_record_id WHERE m.status <> 'WITHDRAWN'
"""  # noqa: S608 - of constants
COUNTING = f"""
SELECT p.name, h.key AS household, i.code AS item, c.points, coalesce('d' || c.deduction_id, {SOURCE}) AS source
FROM point_conversion c JOIN party p ON p.id = c.party_id JOIN household h ON h.id = c.household_id
JOIN moral_bank_item i ON i.id = c.item_id LEFT JOIN code_record r ON r.id = c.code_record_id
WHERE c.reverses_id IS NULL AND NOT EXISTS (SELECT FROM point_conversion o WHERE o.reverses_id = c.id)
"""  # noqa: S608 - of constants


def key_of(row: Any) -> tuple[Any, ...]:
    """The reference's key of a stored row."""
    match row.kind:
        case "sanction":
            return SANCTION, row.name, row.number, row.sort
        case "DISHONEST_DEBTOR":
            return DEBTOR, row.name, row.number, row.day
        case "PROFESSIONAL_LENDER":
            return LENDER, row.name, row.day
        case "deduction":
            return DEDUCTION, row.name, row.number, row.day
    return row.kind, row.number


def differences(found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> dict[Any, tuple[Any, Any]]:
    """Where two mappings differ: what one says and the other."""
    pairs = {key: (found.get(key), expected.get(key)) for key in {*found, *expected}}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
