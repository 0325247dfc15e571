"""Performance certificates, on which gold records rest (R11)."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.catalogue import find_code_type
from casework.consequences import establish, find_visible, follow
from casework.matters import CERTIFICATES
from casework.participants import find_case
from casework.procedure import Act, authorize
from casework.record_steps import keep_step
from casework.refusal import Refusal
from casework.rows import find_own, insert_new
from casework.texts import strip_text
from languages.sentence import say
from models.certificate import GOLD_TYPE, LONGEST_NUMBER, Certificate
from models.court import StaffRole
from models.court_case import CourtCase
from models.terms import to_court_day


@dataclass(frozen=True)
class Performance:
    """A participant's performance in a case, and the number of its certificate."""

    number: str
    case_key: int
    party_key: int
    performed_on: date


async def issue_certificate(connection: AsyncConnection, performance: Performance, act: Act) -> int:
    """Issue a certificate and its gold record. Return the certificate's key.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, NOT_A_PARTICIPANT, BAD_DATE, BAD_NUMBER, ISSUED.
    """
    authorize(act, StaffRole.CENTRE)
    case = await find_case(connection, performance.case_key, performance.party_key, act.officer)
    today = to_court_day(act.at)
    if performance.performed_on > today:
        raise Refusal("BAD_DATE", "This has not been performed yet.", "Give a past day.", "performedOn")
    malformed = Refusal(
        "BAD_NUMBER",
        say("A number has 1 to {longest_number} characters.", longest_number=LONGEST_NUMBER),
        "Check it.",
        "number",
    )
    number = strip_text(performance.number, LONGEST_NUMBER, malformed)
    await find_code_type(connection, GOLD_TYPE, today)
    values = {
        "number": number,
        "case_number": case.number,
        "case_id": performance.case_key,
        "party_id": performance.party_key,
        "performed_on": performance.performed_on,
        "issued_on": today,
    }
    await establish(connection, act.keyring, performance.party_key, act.at, performance.performed_on)
    refusal = Refusal("ISSUED", "A certificate of this number is issued already.", "Give another number.", "number")
    key = await insert_new(connection, Certificate, values, refusal)
    await keep_step(connection, performance.party_key, act, certificate_id=key)
    await follow(connection, {CERTIFICATES: [key]}, {}, act.at)
    return key


async def revoke_certificate(connection: AsyncConnection, key: int, act: Act) -> None:
    """Revoke a certificate, which vanishes outside the court (R10).

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, REVOKED.
    """
    authorize(act, StaffRole.CENTRE)
    query = sa.select(Certificate.party_id, Certificate.revoked_on, CourtCase.court_code)
    joined = query.join(CourtCase, CourtCase.id == Certificate.case_id).where(Certificate.id == key)
    found = await find_own(connection, joined.with_for_update(of=Certificate), act.officer, "certificate")
    if found.revoked_on is not None:
        raise Refusal("REVOKED", "This certificate is revoked already.", "Nothing more is needed.", "id")
    today, before = to_court_day(act.at), await find_visible(connection, {CERTIFICATES: [key]}, act.at)
    await connection.execute(sa.update(Certificate).where(Certificate.id == key).values(revoked_on=today))
    await keep_step(connection, found.party_id, act, certificate_id=key)
    await follow(connection, {CERTIFICATES: [key]}, before, act.at)
