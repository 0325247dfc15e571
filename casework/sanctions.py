"""Sanctions: recorded from their decisions, revoked on reconsideration (R12)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.catalogue import find_behaviour, find_code_type
from casework.consequences import find_visible, follow
from casework.matters import SANCTIONS
from casework.participants import find_case
from casework.procedure import Act, authorize, require_reason
from casework.record_steps import keep_step
from casework.refusal import Refusal
from casework.revocations import withdraw_founded
from casework.rows import find_own, insert_new
from casework.terms import find_red_type
from languages.sentence import say
from models.case_numbers import parse_case_number
from models.court import StaffRole
from models.identifiers import IdentifierError
from models.party import Party, PartyKind
from models.sanction import LONGEST_DETENTION, LONGEST_SENTENCE_MONTHS, SANCTION_CASES, Sanction, SanctionKind
from models.terms import add_months, to_court_day

COPIED = ("kind", "amount", "days", "decided_on", "effective_on", "sentence_ends_on")
LATEST_EFFECT_MONTHS = 12
"""The limit of plausible days of effect, in months from today."""


@dataclass(frozen=True)
class SanctionDecision:
    """A decision on a participant. amount: of a fine, in CNY. days: of a detention.

    sentence_ends_on: of a conviction with a custodial sentence; without one the term runs from the day of effect.
    behaviour: code of the catalogue in force on the day of the decision; required for an admonition.
    """

    number: str
    case_key: int
    party_key: int
    kind: SanctionKind
    decided_on: date
    effective_on: date
    amount: Decimal | None = None
    days: int | None = None
    sentence_ends_on: date | None = None
    behaviour: str | None = None


async def record_sanction(connection: AsyncConnection, decision: SanctionDecision, act: Act) -> int:
    """Record a sanction and its code record. Return the sanction's key.

    Fines, detentions and convictions make red; others make the code type of their behaviour (R12, R25). Raises Refusal
    WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, NOT_A_PARTICIPANT, BAD_DECISION_NUMBER, BAD_DATE, BAD_EXTENT,
    BEHAVIOUR_REQUIRED, UNKNOWN_BEHAVIOUR, CATALOGUE, RECORDED.
    """
    authorize(act, StaffRole.CENTRE)
    case = await find_case(connection, decision.case_key, decision.party_key, act.officer)
    _check(decision, to_court_day(act.at))
    await _check_kind(connection, decision)
    behaviour = await _behaviour(connection, decision)
    code = find_red_type(decision.kind, case.stage) or (behaviour and behaviour.code_type)
    if code:
        await find_code_type(connection, code, decision.effective_on)
    values = {
        "decision_number": _number(decision, case.court_code),
        "related_number": case.number,
        "court_code": case.court_code,
        "case_id": decision.case_key,
        "party_id": decision.party_key,
        "behaviour_id": behaviour and behaviour.id,
        **{name: getattr(decision, name) for name in COPIED},
    }
    refusal = Refusal("RECORDED", "This decision is recorded already.", "Look it up.", "number")
    key = await insert_new(connection, Sanction, values, refusal)
    await keep_step(connection, decision.party_key, act, sanction_id=key)
    await follow(connection, {SANCTIONS: [key]}, {}, act.at)
    return key


async def revoke_sanction(connection: AsyncConnection, key: int, revoked_on: date, act: Act) -> None:
    """Revoke a sanction after a reconsideration, and withdraw the deductions founded on it (R10, R12, R25).

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, REVOKED, BAD_DATE.
    """
    authorize(act, StaffRole.CENTRE)
    query = sa.select(Sanction.__table__).where(Sanction.id == key).with_for_update()
    found = await find_own(connection, query, act.officer, "sanction")
    if found.revoked_on is not None:
        raise Refusal("REVOKED", "This sanction is revoked already.", "Nothing more is needed.", "id")
    if not found.decided_on <= revoked_on <= to_court_day(act.at):
        message = "It is revoked after its decision, and not in time to come."
        raise Refusal("BAD_DATE", message, "Check it.", "revokedOn")
    await withdraw_sanction(connection, found, revoked_on, act)


async def withdraw_sanction(connection: AsyncConnection, found: Any, revoked_on: date, act: Act) -> None:
    """Revoke a locked sanction, with the deductions founded on it (R25)."""
    key = found.id
    before = await find_visible(connection, {SANCTIONS: [key]}, act.at)
    await connection.execute(sa.update(Sanction).where(Sanction.id == key).values(revoked_on=revoked_on))
    await keep_step(connection, found.party_id, act, sanction_id=key)
    await withdraw_founded(connection, [key], act.at, require_reason(act.reason), act.officer)
    await follow(connection, {SANCTIONS: [key]}, before, act.at)


def _check(decision: SanctionDecision, today: date) -> None:
    if not decision.decided_on <= decision.effective_on or decision.decided_on > today:
        raise Refusal("BAD_DATE", "It is decided first, and takes effect then.", "Check both days.", "effectiveOn")
    latest = add_months(today, LATEST_EFFECT_MONTHS), add_months(today, LONGEST_SENTENCE_MONTHS)
    for field, day, last in zip(
        ("effectiveOn", "sentenceEndsOn"), (decision.effective_on, decision.sentence_ends_on), latest, strict=True
    ):
        if day and day > last:
            raise Refusal("BAD_DATE", say("No decision reaches beyond {last}.", last=last), "Check the year.", field)
    if decision.sentence_ends_on and decision.kind is not SanctionKind.CONVICTION:
        message = "Only a conviction has a sentence that ends (R12)."
        raise Refusal("BAD_DATE", message, "Leave it out.", "sentenceEndsOn")
    fined, detained = decision.kind is SanctionKind.FINE, decision.kind is SanctionKind.DETENTION
    sound_amount = (decision.amount is not None and decision.amount > 0) if fined else decision.amount is None
    sound_days = decision.days in range(1, LONGEST_DETENTION + 1) if detained else decision.days is None
    if not (sound_amount and sound_days):
        message = say(
            "A fine has an amount in CNY, a detention 1 to {longest_detention} days, nothing else either.",
            longest_detention=LONGEST_DETENTION,
        )
        raise Refusal("BAD_EXTENT", message, "Check it.")


async def _check_kind(connection: AsyncConnection, decision: SanctionDecision) -> None:
    """Raise Refusal BAD_EXTENT for the detention of an organization."""
    kind = sa.select(Party.kind).where(Party.id == decision.party_key)
    if decision.kind is SanctionKind.DETENTION and await connection.scalar(kind) is PartyKind.ORGANIZATION:
        message = "An organization is not detained."
        raise Refusal("BAD_EXTENT", message, "Name the person who was, or the fine.", "partyId")


async def _behaviour(connection: AsyncConnection, decision: SanctionDecision) -> Any:
    if decision.behaviour is not None:
        return await find_behaviour(connection, decision.behaviour, decision.decided_on)
    if decision.kind is SanctionKind.ADMONITION:
        message = "An admonition names its behaviour."
        raise Refusal("BEHAVIOUR_REQUIRED", message, "Choose one of `behaviours`.", "behaviour")
    return None


def _number(decision: SanctionDecision, court_code: str) -> str:
    """Return the decision's number. Fines and detentions require a 司惩 number of the court (R12)."""
    try:
        parsed = parse_case_number(decision.number)
    except IdentifierError as error:
        raise Refusal("BAD_DECISION_NUMBER", str(error), "Copy it from the decision.", "number") from None
    grave = decision.kind in (SanctionKind.FINE, SanctionKind.DETENTION)
    if grave and (parsed.type_characters, parsed.court_code) != (SANCTION_CASES, court_code):
        message = say(
            "A {kind} is decided under a {sanction_cases} number of its court.",
            kind=decision.kind,
            sanction_cases=SANCTION_CASES,
        )
        raise Refusal("BAD_DECISION_NUMBER", message, "Check it.", "number")
    return parsed.number
