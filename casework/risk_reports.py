"""Risk reports (预警反馈): a bank tells the court of a record what it noticed of its subject, and the court answers.

The subject is not told: the report may be of assets that it hides.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.consent import MONITORS, is_live_consent
from auth.scopes import Scope
from casework.procedure import Act, authorize
from casework.refusal import Refusal, refuse_missing
from casework.rows import insert_new, require_own
from models.code_record import CodeRecord
from models.consent import Consent
from models.court import StaffRole
from models.party import Identity, Party, PartyKind
from models.risk_report import RiskKind, RiskReport, RiskResponse
from models.terms import to_court_day


@dataclass(frozen=True)
class Risk:
    """What a bank noticed, and the day on which it did. reference: the bank's own."""

    reference: str
    kind: RiskKind
    statement: str
    noticed_on: date


async def report_risk(connection: AsyncConnection, client_key: int, record_key: int, risk: Risk, at: datetime) -> int:
    """Report a risk to the court of a code record that the bank may see. Return the key of the report.

    Raises Refusal NOT_FOUND, BAD_DATE, BAD_TEXT, REASON_REQUIRED, RECORDED.
    """
    if risk.noticed_on > to_court_day(at):
        raise Refusal("BAD_DATE", "This day has not come yet.", "Report it when it has.", "noticedOn")
    if not risk.reference.strip():
        raise Refusal("BAD_TEXT", "The reference is blank.", "Give your own reference.", "reference")
    if not (statement := risk.statement.strip()):
        raise Refusal("REASON_REQUIRED", "A report says what was noticed.", "Write a sentence.", "statement")
    record = await _find_record(connection, client_key, record_key, at)
    values = {
        "client_key": client_key,
        "party_id": record.party_id,
        "code_record_id": record_key,
        "case_id": record.case_id,
        "court_code": record.court_code,
        "reference": risk.reference.strip(),
        "kind": risk.kind,
        "statement": statement,
        "noticed_on": risk.noticed_on,
        "reported_at": at,
    }
    refusal = Refusal("RECORDED", "A risk of this reference is reported.", "Give its own reference.", "reference")
    return await insert_new(connection, RiskReport, values, refusal)


async def _find_record(connection: AsyncConnection, client_key: int, key: int, at: datetime) -> Any:
    """Return a record that is public today, of an organization or of a person who consents to be monitored. Others are
    refused alike (R10, R15, R20)."""
    now = sa.literal(at, sa.DateTime(timezone=True))
    live = is_live_consent(Consent, sa.literal(client_key), MONITORS, now, Scope.PERSON_CREDIT)
    consents = sa.select(Consent.id).join(Identity, Identity.index == Consent.subject_index)
    consents = consents.where(Identity.party_id == Party.id, live)
    query = (
        sa.select(CodeRecord.party_id, CodeRecord.case_id, CodeRecord.court_code)
        .join(Party, Party.id == CodeRecord.party_id)
        .where(
            CodeRecord.id == key,
            CodeRecord.publicity.contains(to_court_day(at)),
            Party.disclosed,
            sa.or_(Party.kind == PartyKind.ORGANIZATION, consents.exists()),
        )
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise refuse_missing("record of a customer who consents to be monitored", "recordId")
    return found


async def answer_risk_report(connection: AsyncConnection, key: int, response: RiskResponse, act: Act) -> None:
    """Answer a report to one's own court, once. Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, ANSWERED."""
    reply = authorize(act, StaffRole.CENTRE, StaffRole.JUDGE)
    query = sa.select(RiskReport.court_code, RiskReport.response).where(RiskReport.id == key).with_for_update()
    found = require_own((await connection.execute(query)).one_or_none(), act.officer, "report")
    if found.response is not None:
        raise Refusal("ANSWERED", "This report is answered already.", "Nothing more is needed.", "id")
    answered = {"response": response, "reply": reply, "answered_at": act.at, "answered_by": act.officer.key}
    await connection.execute(sa.update(RiskReport).where(RiskReport.id == key).values(answered))
