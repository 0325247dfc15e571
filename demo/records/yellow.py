"""Subjects that are yellow by a listing, an admonition or a suspicion (R12)."""

from datetime import timedelta

from demo.city.draft import Draft, Row
from demo.city.population import Population
from demo.city.register import add_newcomer
from demo.records.cases import open_case, take_part
from demo.records.codes import end_record, enter_record, list_debtor, list_lender, punish, remove_listing
from demo.records.remedies import refuse_repair, request_repair
from models.catalogue import Colour
from models.code_record import CloseReason, CodeRecord
from models.colour import ENFORCEMENT_TYPES
from models.court_case import Role
from models.sanction import SanctionKind
from models.terms import add_months

WARNINGS = tuple(f"Y{number:02d}" for number in range(1, 23))


def fill_yellow(population: Population, target: int) -> None:
    """Create records until `target` subjects are yellow: each type once, then mostly listings."""
    draft = population.draft
    _over(population)
    for index in range(max(0, target - population.coloured(Colour.YELLOW))):
        code = WARNINGS[index] if index < len(WARNINGS) else _usual(population, index)
        record = _warn(population, code)
        if index % 150 == 17:
            refuse_repair(draft, record)
        elif index % 150 == 71:
            request_repair(draft, record)


def _usual(population: Population, index: int) -> str:
    if index % 100 == 50:
        return "Y01"
    return "Y18" if index % 10 else WARNINGS[1:][index // 10 % 21]


def _warn(population: Population, code: str) -> Row:
    draft = population.draft
    if code == "Y01":
        court = population.court()
        party = add_newcomer(draft, court, draft.ago(700, 1200))
        filed = draft.ago(710, 900)
        case = open_case(draft, court, "民初", filed, filed + timedelta(80), cause="民间借贷纠纷")
        take_part(draft, case, add_newcomer(draft, court, filed), Role.DEFENDANT)
        take_part(draft, case, party, Role.PLAINTIFF)
        return list_lender(draft, party, court, draft.ago(30, 700))
    party, case = population.debtor(120, 640) if code in ENFORCEMENT_TYPES else population.heard()
    if code == "Y18":
        listed = draft.after(case["filed_on"], 45, 80)
        months = draft.random.choice((24, 24, 24, 36, None))
        return list_debtor(draft, party, case, listed, add_months(listed, months) if months else None)[1]
    return warn(population.draft, party, case, code, 10, 110)


def warn(draft: Draft, party: Row, case: Row, code: str, least: int, most: int) -> Row:
    """Create a record by admonition or order to leave. A suspicion (Y03) has no decision."""
    start = draft.ago(least, most)
    end = add_months(start, draft.found.code_types[code]["term_months"])
    if code == "Y03":
        return enter_record(draft, party["id"], code, case["court_code"], start, ends_on=end, case_id=case["id"])
    kind = SanctionKind.ORDERED_OUT if code in ("Y16", "Y17") else SanctionKind.ADMONITION
    behaviour = draft.random.choice(draft.found.behaviours_of(code))["code"]
    sanction = punish(draft, party, kind, behaviour, case, start - timedelta(3))
    source = {"case_id": case["id"], "sanction_id": sanction["id"]}
    return enter_record(draft, party["id"], code, case["court_code"], start, ends_on=end, **source)


def _over(population: Population) -> None:
    """Create ended records: removed and expired listings, cleared suspicions."""
    draft = population.draft
    for _ in range(max(2, len(draft.rows[CodeRecord]) // 10)):
        record = _warn(population, "Y18")
        end_record(record, draft.ago(3, 20), CloseReason.DELISTED)
        remove_listing(draft, record)
        party, case = population.debtor(900, 1000)
        listed = case["filed_on"] + timedelta(60)
        list_debtor(draft, party, case, listed, add_months(listed, 24))
    end_record(_warn(population, "Y03"), draft.ago(2, 8), CloseReason.CLEARED)
