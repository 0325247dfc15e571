"""Risks that the demo bank reported to the demo court: one is answered, two wait."""

from datetime import timedelta
from itertools import islice

from demo.city.cast import DEMO_COURT
from demo.city.draft import Draft, Row
from demo.city.register import pick_officer
from demo.partners.watches import list_watches
from demo.records.cases import may_be_told
from models.audience import Audience
from models.code_record import CodeRecord
from models.court import StaffRole
from models.party import Identity
from models.risk_report import RiskKind, RiskReport, RiskResponse

SAID = {
    RiskKind.ASSETS_MOVED: "贷后检查发现客户名下车辆已过户。",
    RiskKind.OVERDUE: "客户贷款逾期三十日。",
    RiskKind.OUT_OF_REACH: "客户电话停机，经营场所无人。",
}


def add_risk_reports(draft: Draft) -> None:
    """Create reports on records of watched customers. Needs the watches."""
    bank = draft.found.clients.get(Audience.BANK)
    if bank is None:
        return
    for place, ((kind, statement), record) in enumerate(zip(SAID.items(), islice(_records(draft), 3), strict=False), 1):
        noticed = draft.today - timedelta(7)
        report = draft.add(
            RiskReport,
            client_key=bank,
            party_id=record["party_id"],
            code_record_id=record["id"],
            case_id=record.get("case_id"),
            court_code=DEMO_COURT,
            reference=f"YJ-{noticed.year}-{place:04d}",
            kind=kind,
            statement=statement,
            noticed_on=noticed,
            reported_at=draft.hour(noticed),
        )
        if place == 1:
            _answer(draft, report)


def _records(draft: Draft) -> list[Row]:
    """The public records of the demo court about watched customers."""
    watched = list_watches(draft)
    parties = {row["party_id"] for row in draft.rows[Identity] if row["index"] in watched}
    known = (row for row in draft.rows[CodeRecord] if row["effective_on"] < draft.today - timedelta(7))
    mine = (row for row in known if row["party_id"] in parties)
    return [row for row in mine if row["court_code"] == DEMO_COURT and may_be_told(draft, row)]


def _answer(draft: Draft, report: Row) -> None:
    centre = pick_officer(draft, DEMO_COURT, StaffRole.CENTRE)
    answer = {"response": RiskResponse.ACTED_ON, "reply": "已裁定查封该车辆。", "answered_by": centre}
    report |= answer | {"answered_at": report["reported_at"]}
