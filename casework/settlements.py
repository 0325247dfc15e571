"""Performed settlements and mediations, recorded and revoked by the Centre."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.assessments import assess_settlements
from casework.consequences import establish
from casework.conversions import reverse
from casework.participants import find_case
from casework.procedure import Act, authorize
from casework.record_steps import keep_step
from casework.refusal import Refusal
from casework.rows import find_own, insert_new
from casework.texts import strip_text
from languages.sentence import say
from models.court import StaffRole
from models.point_conversion import PointConversion
from models.settlement import LONGEST_DOCUMENT, Settlement
from models.terms import to_court_day


@dataclass(frozen=True)
class SettlementPerformance:
    """A participant's performance in a case, and the document of the settlement or mediation."""

    case_key: int
    party_key: int
    document: str
    performed_on: date


async def record_settlement(connection: AsyncConnection, performed: SettlementPerformance, act: Act) -> int:
    """Record a performed settlement and its bonus (DOMAIN 5). Return its key.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, NOT_A_PARTICIPANT, BAD_DATE, BAD_DOCUMENT, RECORDED.
    """
    authorize(act, StaffRole.CENTRE)
    case = await find_case(connection, performed.case_key, performed.party_key, act.officer)
    if performed.performed_on > to_court_day(act.at):
        raise Refusal("BAD_DATE", "This has not been performed yet.", "Give a past day.", "performedOn")
    values = {
        "case_number": case.number,
        "case_id": case.id,
        "court_code": case.court_code,
        "party_id": performed.party_key,
        "document": _document(performed.document),
        "performed_on": performed.performed_on,
    }
    await establish(connection, act.keyring, performed.party_key, act.at, performed.performed_on)
    refusal = Refusal("RECORDED", "This settlement is recorded already.", "Look it up.", "document")
    key = await insert_new(connection, Settlement, values, refusal)
    await keep_step(connection, performed.party_key, act, settlement_id=key)
    await assess_settlements(connection, [key], act.at)
    return key


async def revoke_settlement(connection: AsyncConnection, key: int, act: Act) -> None:
    """Revoke a settlement that was recorded by mistake, and its bonus.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, REVOKED.
    """
    authorize(act, StaffRole.CENTRE)
    query = sa.select(Settlement.__table__).where(Settlement.id == key).with_for_update()
    found = await find_own(connection, query, act.officer, "settlement")
    if found.revoked_on is not None:
        raise Refusal("REVOKED", "This settlement is revoked already.", "Nothing more is needed.", "id")
    revoked = sa.update(Settlement).where(Settlement.id == key)
    await connection.execute(revoked.values(revoked_on=to_court_day(act.at)))
    await keep_step(connection, found.party_id, act, settlement_id=key)
    await reverse(connection, PointConversion.settlement_id, [key], act.at)


def _document(text: str) -> str:
    message = say("The number of a document has 1 to {longest_document} characters.", longest_document=LONGEST_DOCUMENT)
    refusal = Refusal("BAD_DOCUMENT", message, "Copy it from the document.", "document")
    return strip_text(text, LONGEST_DOCUMENT, refusal)
