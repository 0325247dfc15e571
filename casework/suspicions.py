"""Suspicions of false litigation (Y03), for judges only: entered, cleared or confirmed (R13)."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.catalogue import find_code_type
from casework.events import lock_parties, update_colours
from casework.participants import find_case
from casework.procedure import Act, authorize
from casework.record_repairs import is_running
from casework.record_steps import keep_step
from casework.records import close_records, enter_record
from casework.refusal import Refusal, refuse_missing
from casework.rows import find_own
from models.catalogue import CodeType
from models.code_record import CloseReason, CodeRecord
from models.court import StaffRole
from models.sanction import Sanction, SanctionKind
from models.terms import add_months, to_court_day

SUSPICION = "Y03"
CONFIRMING = (SanctionKind.FINE, SanctionKind.DETENTION, SanctionKind.CONVICTION)
"""Sanctions that make red, which a suspicion becomes when it is confirmed (R12)."""


async def enter_suspicion(connection: AsyncConnection, case_key: int, party_key: int, act: Act) -> int:
    """Enter a suspicion of a litigant in a case, for at most the term of its type. Return the record's key.

    It is yellow for courts and is told to nobody else. Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND,
    NOT_A_PARTICIPANT, CATALOGUE, RECORDED.
    """
    authorize(act, StaffRole.JUDGE)
    case, today = await find_case(connection, case_key, party_key, act.officer), to_court_day(act.at)
    entry = await find_code_type(connection, SUSPICION, today)
    await lock_parties(connection, [party_key])
    of_case = (CodeRecord.party_id == party_key, CodeRecord.case_id == case_key)
    if (await connection.execute(_running(act).where(*of_case))).first():
        message = "This litigant is under suspicion in this case already."
        raise Refusal("RECORDED", message, "Clear or confirm that one.", "partyId")
    ends_on = add_months(today, entry.term_months) if entry.term_months else None
    place = {"party_id": party_key, "case_id": case_key, "court_code": case.court_code}
    key = await enter_record(connection, entry, **place, effective_on=today, ends_on=ends_on)
    await keep_step(connection, party_key, act, code_record_id=key)
    await update_colours(connection, [party_key], act.at)
    return key


async def clear_suspicion(connection: AsyncConnection, key: int, act: Act) -> None:
    """End a suspicion that has proved wrong. Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND."""
    authorize(act, StaffRole.JUDGE)
    await _end(connection, await _lock(connection, key, act), CloseReason.CLEARED, act)


async def confirm_suspicion(connection: AsyncConnection, key: int, sanction_key: int, act: Act) -> None:
    """End a suspicion that a sanction confirms, whose own record makes red (R12).

    The sanction is a fine, detention or conviction of the same litigant and stands. It may be of another case, such as
    a conviction. Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, FINDING_REQUIRED, FINDING_REVOKED.
    """
    authorize(act, StaffRole.JUDGE)
    record = await _lock(connection, key, act)
    query = sa.select(Sanction.__table__).where(Sanction.id == sanction_key).with_for_update(read=True)
    sanction = await find_own(connection, query, act.officer, "sanction")
    if sanction.party_id != record.party_id or sanction.kind not in CONFIRMING:
        message = "A suspicion is confirmed by a fine, a detention or a conviction of the same litigant (R12)."
        raise Refusal("FINDING_REQUIRED", message, "Name that sanction.", "sanctionId")
    if sanction.revoked_on is not None:
        raise Refusal("FINDING_REVOKED", "This sanction was revoked (R25).", "Name one that stands.", "sanctionId")
    await _end(connection, record, CloseReason.CONFIRMED, act)


def _running(act: Act) -> sa.Select[Any]:
    """Select the suspicions that run."""
    query = sa.select(CodeRecord.__table__).join(CodeType, CodeType.id == CodeRecord.code_type_id)
    return query.where(CodeType.code == SUSPICION, is_running(to_court_day(act.at)))


async def _lock(connection: AsyncConnection, key: int, act: Act) -> sa.Row[Any]:
    query = _running(act).where(CodeRecord.id == key, CodeRecord.court_code == act.officer.court_code)
    found: sa.Row[Any] | None = (await connection.execute(query.with_for_update(of=CodeRecord))).one_or_none()
    if found is None:
        raise refuse_missing("suspicion in your court")
    return found


async def _end(connection: AsyncConnection, record: sa.Row[Any], reason: CloseReason, act: Act) -> None:
    await keep_step(connection, record.party_id, act, code_record_id=record.id)
    await close_records(connection, CodeRecord.id == record.id, to_court_day(act.at), reason)
    await update_colours(connection, [record.party_id], act.at)
