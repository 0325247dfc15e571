"""Amounts performed after a blue repair, recorded and revoked by the Centre (R9, R11)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.procedure import Act, authorize
from casework.record_steps import keep_step
from casework.refusal import Refusal, refuse_missing
from casework.rows import find_own, insert_new
from casework.texts import strip_text
from languages.sentence import say
from models.catalogue import Colour
from models.code_record import CodeRecord
from models.court import StaffRole
from models.repair_performance import LARGEST_AMOUNT, RepairPerformance
from models.settlement import LONGEST_DOCUMENT
from models.terms import to_court_day


@dataclass(frozen=True)
class PerformedAmount:
    """An amount in CNY that was performed, with the number of its receipt."""

    amount: Decimal
    performed_on: date
    document: str


async def record_performance(
    connection: AsyncConnection, code_record_key: int, performed: PerformedAmount, act: Act
) -> int:
    """Record an amount that was performed since a repair in enforcement was granted. Return its key.

    The blue record may have ended. Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, BAD_DATE, BAD_EXTENT,
    BAD_DOCUMENT, RECORDED.
    """
    authorize(act, StaffRole.CENTRE)
    query = sa.select(CodeRecord.__table__).where(CodeRecord.id == code_record_key).with_for_update(key_share=True)
    blue = await find_own(connection, query, act.officer, "record")
    if blue.colour is not Colour.BLUE:
        raise refuse_missing("repair in enforcement in your court", "codeRecordId")
    _check(performed, blue, to_court_day(act.at))
    values = {
        "code_record_id": code_record_key,
        "court_code": blue.court_code,
        "party_id": blue.party_id,
        "amount": performed.amount,
        "performed_on": performed.performed_on,
        "document": _document(performed.document),
    }
    refusal = Refusal("RECORDED", "This receipt is recorded already.", "Look it up.", "document")
    key = await insert_new(connection, RepairPerformance, values, refusal)
    await keep_step(connection, blue.party_id, act, repair_performance_id=key)
    return key


async def revoke_performance(connection: AsyncConnection, key: int, act: Act) -> None:
    """Revoke an amount that was recorded by mistake. Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, REVOKED."""
    authorize(act, StaffRole.CENTRE)
    query = sa.select(RepairPerformance.__table__).where(RepairPerformance.id == key).with_for_update()
    found = await find_own(connection, query, act.officer, "performance")
    if found.revoked_on is not None:
        raise Refusal("REVOKED", "This performance is revoked already.", "Nothing more is needed.", "id")
    revoked = sa.update(RepairPerformance).where(RepairPerformance.id == key)
    await connection.execute(revoked.values(revoked_on=to_court_day(act.at)))
    await keep_step(connection, found.party_id, act, repair_performance_id=key)


def _check(performed: PerformedAmount, blue: sa.Row[Any], today: date) -> None:
    if not blue.effective_on <= performed.performed_on <= today:
        message = say(
            "It is performed from {effective_on} on, when the repair was granted, and not in time to come.",
            effective_on=blue.effective_on,
        )
        raise Refusal("BAD_DATE", message, "Check the receipt.", "performedOn")
    if not 0 < performed.amount <= LARGEST_AMOUNT:
        raise Refusal("BAD_EXTENT", "An amount that was performed is above zero.", "Give it in CNY.", "amount")


def _document(text: str) -> str:
    message = say("The number of a receipt has 1 to {longest_document} characters.", longest_document=LONGEST_DOCUMENT)
    refusal = Refusal("BAD_DOCUMENT", message, "Copy it from the receipt.", "document")
    return strip_text(text, LONGEST_DOCUMENT, refusal)
