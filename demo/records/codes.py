"""Code records with their sources: sanctions, listings, certificates (R11, R12)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from casework.terms import find_red_type
from demo.city.draft import Draft, Row
from demo.records.cases import next_case_number, open_case, take_part
from models.catalogue import Colour, Stage
from models.certificate import Certificate
from models.code_record import CloseReason, CodeRecord
from models.colour import Record, Span, find_colour
from models.court_case import CourtCase, Role
from models.listing import Listing, ListingKind
from models.party import PartyKind
from models.sanction import RED_TYPES, Sanction, SanctionKind
from models.terms import add_months

GROUNDS = (
    "有履行能力而拒不履行生效法律文书确定义务",
    "违反财产报告制度",
    "违反限制消费令",
    "无正当理由拒不履行执行和解协议",
)
OBLIGATIONS = ("支付借款本金及利息", "支付货款及逾期付款损失", "支付工程款", "返还租赁房屋并支付租金", "支付赔偿款")


def enter_record(draft: Draft, party: int, code: str, court: str, effective_on: date, **values: Any) -> Row:
    """Create a record of code type `code`. `values`: its end, case and source."""
    entry = draft.found.code_types[code]
    colour = Colour(entry["colour"])
    fields = {"case_id": None, "ends_on": None, "closed_on": None, "close_reason": None} | values
    fields |= {"code_type_id": entry["id"], "colour": colour, "court_code": court, "effective_on": effective_on}
    record = draft.add(CodeRecord, party_id=party, **fields)
    draft.records[party].append(record)
    return record


def end_record(record: Row, day: date, reason: CloseReason) -> None:
    """Close a record, not before it took effect."""
    record["closed_on"], record["close_reason"] = max(day, record["effective_on"]), reason


def compute_colour(draft: Draft, party_key: int) -> Colour:
    """The colour of a party today for the court, by the rule of the service (R11)."""
    codes = {entry["id"]: code for code, entry in draft.found.code_types.items()}
    records = [
        Record(row["id"], row["colour"], codes[row["code_type_id"]], _span(row), row.get("repaired_id"))
        for row in draft.records[party_key]
    ]
    return find_colour(draft.today, records, draft.enforcements[party_key])


def _span(row: Row) -> Span:
    over = row["ends_on"] and row["ends_on"] + timedelta(1)
    return Span(row["effective_on"], min((day for day in (over, row["closed_on"]) if day), default=None))


def punish(draft: Draft, party: Row, kind: SanctionKind, behaviour: str, case: Row, decided_on: date) -> Row:
    """Create a sanction. Only fines and detentions have a decision number of their own (R12)."""
    court = case["court_code"]
    number = next_case_number(draft, decided_on.year, court, "司惩") if kind in RED_TYPES else f"{case['number']}笔录"
    if kind is SanctionKind.CONVICTION:
        number = next_case_number(draft, decided_on.year, court, "刑初")
    return draft.add(
        Sanction,
        decision_number=number,
        related_number=case["number"],
        court_code=court,
        case_id=case["id"],
        party_id=party["id"],
        behaviour_id=draft.found.behaviours[behaviour]["id"],
        kind=kind,
        amount=_fine(draft, party) if kind is SanctionKind.FINE else None,
        days=draft.random.choice((5, 7, 10, 15)) if kind is SanctionKind.DETENTION else None,
        decided_on=decided_on,
        effective_on=decided_on + timedelta(3),
        revoked_on=None,
    )


def _fine(draft: Draft, party: Row) -> Decimal:
    """Up to 100,000 CNY for a person, from 50,000 to 300,000 for an organization (CPL 118)."""
    organization = party["kind"] is PartyKind.ORGANIZATION
    return Decimal(draft.random.choice((50_000, 100_000, 300_000) if organization else (2_000, 10_000, 50_000)))


def redden(draft: Draft, party: Row, sanction: Row, stage: Stage) -> Row:
    """Create the red record of a fine, detention or conviction, for five years (R12)."""
    start, code = sanction["effective_on"], find_red_type(sanction["kind"], stage)
    assert code  # noqa: S101 - of these kinds
    source = {"case_id": sanction["case_id"], "sanction_id": sanction["id"]}
    court, ends_on = sanction["court_code"], add_months(start, 60)
    return enter_record(draft, party["id"], code, court, start, ends_on=ends_on, **source)


def enforce(draft: Draft, debtor: Row, applicant: Row, court: str, filed_on: date, closed_on: date | None) -> Row:
    """Create an enforcement case."""
    case = open_case(draft, court, draft.cycle(("执", "执", "执", "执恢"), CourtCase), filed_on, closed_on)
    take_part(draft, case, applicant, Role.ENFORCEMENT_APPLICANT)
    take_part(draft, case, debtor, Role.JUDGMENT_DEBTOR)
    return case


def list_debtor(draft: Draft, party: Row, case: Row, listed_on: date, ends_on: date | None) -> tuple[Row, Row]:
    """Create an entry on the list of dishonest debtors, and its record Y18."""
    court, published_on = case["court_code"], listed_on + timedelta(2)
    entry = {
        "case_id": case["id"],
        "case_number": case["number"],
        "basis_number": next_case_number(draft, case["filed_on"].year - 1, court, "民初"),
        "obligation": draft.cycle(OBLIGATIONS, Listing),
        "performance": "部分未履行" if draft.random.random() < 0.3 else "全部未履行",
        "grounds": draft.random.choice(GROUNDS),
        "ends_on": ends_on,
    }
    listing = _list(draft, party, ListingKind.DISHONEST_DEBTOR, court, listed_on, published_on, entry)
    source = {"case_id": case["id"], "listing_id": listing["id"]}
    return listing, enter_record(draft, party["id"], "Y18", court, published_on, ends_on=ends_on, **source)


def list_lender(draft: Draft, party: Row, court: str, listed_on: date) -> Row:
    """Create an entry on the list of professional lenders, and return its record Y01 without end."""
    published_on = listed_on + timedelta(5)
    entry = dict.fromkeys(("case_number", "basis_number", "obligation", "performance"), "")
    entry["grounds"] = f"一年内民间借贷案件{draft.random.randint(10, 40)}件"
    listing = _list(draft, party, ListingKind.PROFESSIONAL_LENDER, court, listed_on, published_on, entry)
    return enter_record(draft, party["id"], "Y01", court, published_on, listing_id=listing["id"])


def _list(
    draft: Draft, party: Row, kind: ListingKind, court: str, listed_on: date, published_on: date, entry: Row
) -> Row:
    days = {"listed_on": listed_on, "published_on": published_on, "ends_on": None, "removed_on": None}
    at = {"court_code": court, "basis_unit": draft.found.court_names[court], "case_id": None}
    return draft.add(Listing, **{"kind": kind, "party_id": party["id"], **at, **days, **entry})


def certify(draft: Draft, party: Row, case: Row, issued_on: date) -> Row:
    """Create a certificate, and return its gold record of twelve months."""
    serial = 50000 + len(draft.rows[Certificate])
    certificate = draft.add(
        Certificate,
        number=f"甬履证{issued_on.year}{serial:05d}",
        case_number=case["number"],
        case_id=case["id"],
        party_id=party["id"],
        performed_on=issued_on - timedelta(draft.random.randint(3, 10)),
        issued_on=issued_on,
        revoked_on=None,
    )
    source = {"case_id": case["id"], "certificate_id": certificate["id"]}
    ends_on = add_months(issued_on, 12)
    return enter_record(draft, party["id"], "A01", case["court_code"], issued_on, ends_on=ends_on, **source)


def remove_listing(draft: Draft, record: Row) -> None:
    """Remove the listing of a closed record on the same day."""
    if record.get("listing_id"):
        listing = next(row for row in reversed(draft.rows[Listing]) if row["id"] == record["listing_id"])
        listing["removed_on"] = record["closed_on"]
