"""Forwarded disputes (异议转交): a bank sends what its customer disputes to the court of the item, which answers.

It is done in the customer's name, who is told (R27) and reads both. It opens no objection: its subject files that.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.consent import is_live_consent
from auth.scopes import Scope
from casework.events import lock_parties, tell_about
from casework.procedure import Act, authorize
from casework.refusal import Refusal, refuse_missing
from casework.rows import insert_new, require_own
from casework.subject_notices import note_party
from casework.texts import strip_text
from languages.sentence import say
from models.code_record import CodeRecord
from models.consent import Consent
from models.court import StaffRole
from models.court_case import CourtCase
from models.deduction import Deduction
from models.event import EventKind
from models.forwarded_dispute import DisputeResponse, ForwardedDispute
from models.party import Identity, Party, PartyKind
from models.subject_notice import NoticeKind
from models.terms import to_court_day

LONGEST = 2_000


@dataclass(frozen=True)
class Dispute:
    """What a customer disputes, and the day on which it did. reference: the bank's own."""

    reference: str
    statement: str
    disputed_on: date


async def forward_dispute(
    connection: AsyncConnection,
    client_key: int,
    record_key: int | None,
    deduction_key: int | None,
    dispute: Dispute,
    at: datetime,
) -> int:
    """Forward a dispute over an item that the bank may see to the court of the item. Return the key of the dispute.

    Raises Refusal NOT_FOUND, BAD_DATE, BAD_EXTENT, BAD_TEXT, RECORDED.
    """
    if dispute.disputed_on > to_court_day(at):
        raise Refusal("BAD_DATE", "This day has not come yet.", "Correct the day.", "disputedOn")
    if (record_key is None) == (deduction_key is None):
        raise Refusal("BAD_EXTENT", "A dispute is over one item.", "Give `recordId` or `deductionId`.", "recordId")
    item = await _find_item(connection, client_key, record_key, deduction_key, at)
    values = {
        "client_key": client_key,
        "party_id": item.party_id,
        "code_record_id": record_key,
        "deduction_id": deduction_key,
        "case_id": item.case_id,
        "court_code": item.court_code,
        "disputed_on": dispute.disputed_on,
        "forwarded_at": at,
        **{name: _strip(getattr(dispute, name), name) for name in ("reference", "statement")},
    }
    refusal = Refusal("RECORDED", "A dispute of this reference is forwarded.", "Give its own reference.", "reference")
    key = await insert_new(connection, ForwardedDispute, values, refusal)
    await note_party(connection, item.party_id, client_key, NoticeKind.DISPUTE_FORWARDED, at)
    return key


def _strip(text: str, field: str) -> str:
    message = say("This has 1 to {longest} characters, and no identity number among them.", longest=LONGEST)
    return strip_text(text, LONGEST, Refusal("BAD_TEXT", message, "Complete or shorten it.", field))


async def _find_item(
    connection: AsyncConnection, client_key: int, record_key: int | None, deduction_key: int | None, at: datetime
) -> Any:
    """Return an item that is public today, of an organization or of a person with a live consent to its credit. Others
    are refused alike (R10, R15, R20)."""
    now = sa.literal(at, sa.DateTime(timezone=True))
    live = is_live_consent(Consent, sa.literal(client_key), Consent.purposes[1], now, Scope.PERSON_CREDIT)
    consents = sa.select(Consent.id).join(Identity, Identity.index == Consent.subject_index)
    consents = consents.where(Identity.party_id == Party.id, live)
    item: Any = CodeRecord if deduction_key is None else Deduction
    court = CodeRecord.court_code if deduction_key is None else CourtCase.court_code
    query = (
        sa.select(item.party_id, item.case_id, court)
        .join(Party, Party.id == item.party_id)
        .outerjoin(CourtCase, CourtCase.id == item.case_id)
        .where(
            item.id == (record_key if deduction_key is None else deduction_key),
            item.publicity.contains(to_court_day(at)),
            Party.disclosed,
            sa.or_(Party.kind == PartyKind.ORGANIZATION, consents.exists()),
        )
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        field = "recordId" if deduction_key is None else "deductionId"
        raise refuse_missing("item of a customer whose credit you may see", field)
    return found


async def answer_dispute(connection: AsyncConnection, key: int, response: DisputeResponse, act: Act) -> None:
    """Answer a dispute to one's own court, once; its bank and its subject are told.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, ANSWERED.
    """
    reply = authorize(act, StaffRole.CENTRE, StaffRole.JUDGE)
    dispute = ForwardedDispute
    columns = (dispute.court_code, dispute.response, dispute.party_id, dispute.client_key, dispute.reference)
    query = sa.select(*columns).where(dispute.id == key).with_for_update()
    found = require_own((await connection.execute(query)).one_or_none(), act.officer, "dispute")
    if found.response is not None:
        raise Refusal("ANSWERED", "This dispute is answered already.", "Nothing more is needed.", "id")
    answered = {"response": response, "reply": reply, "answered_at": act.at, "answered_by": act.officer.key}
    await connection.execute(sa.update(dispute).where(dispute.id == key).values(answered))
    bank = (found.client_key, found.reference)
    await lock_parties(connection, [found.party_id])
    await tell_about(connection, found.party_id, EventKind.DISPUTE_ANSWERED, act.at, bank)
