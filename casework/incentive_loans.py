"""Incentive loans, as banks report them (DOMAIN 1, 3)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.consent import is_live_consent
from auth.scopes import Scope
from casework.refusal import Refusal, refuse_missing
from casework.rows import insert_new
from casework.watches import Customer
from models.audience import Purpose
from models.catalogue import Colour
from models.certificate import Certificate
from models.code_record import CodePeriod, Perspective, is_known_today
from models.consent import Consent
from models.incentive_loan import IncentiveLoan, LoanOutcome
from models.party import Identity, Party, PartyKind
from models.party_name import is_known_as
from models.terms import to_court_day

LENDS = sa.literal(Purpose.INCENTIVE_LOAN.value, sa.Text)


@dataclass(frozen=True)
class Loan:
    """The amount of a loan, in CNY, and the day on which it was granted."""

    amount: Decimal
    granted_on: date


async def record_loan(
    connection: AsyncConnection, client_key: int, borrower: Customer, loan: Loan, at: datetime
) -> int:
    """Record a loan to a subject that was gold on the day of the grant. Return its key.

    Raises Refusal CONSENT_REQUIRED, NOT_FOUND, NOT_ELIGIBLE, BAD_DATE, NEGATIVE_AMOUNT, RECORDED.
    """
    if loan.amount <= 0:
        raise Refusal("NEGATIVE_AMOUNT", "A loan is of more than zero.", "Give it in CNY.", "amount")
    if loan.granted_on > to_court_day(at):
        raise Refusal("BAD_DATE", "This day has not come yet.", "Report it when it has.", "grantedOn")
    party = await _borrower(connection, client_key, borrower, at)
    values = {
        "client_key": client_key,
        "party_id": party,
        "certificate_id": await _certificate(connection, party, loan.granted_on),
        "reference": borrower.reference,
        "amount": loan.amount,
        "granted_on": loan.granted_on,
        "recorded_at": at,
    }
    refusal = Refusal("RECORDED", "A loan of this reference is reported.", "Give its own reference.", "reference")
    key = await insert_new(connection, IncentiveLoan, values, refusal)
    return key


async def close_loan(
    connection: AsyncConnection, client_key: int, key: int, outcome: LoanOutcome, closed_on: date, at: datetime
) -> None:
    """Record how a bank's own loan ended. Raises Refusal NOT_FOUND, RECORDED, BAD_DATE."""
    query = sa.select(IncentiveLoan.granted_on, IncentiveLoan.outcome).where(
        IncentiveLoan.id == key, IncentiveLoan.client_key == client_key
    )
    found: Any = (await connection.execute(query.with_for_update())).one_or_none()
    if found is None:
        raise refuse_missing("loan of yours")
    if found.outcome is not None:
        raise Refusal("RECORDED", "The end of this loan is reported already.", "Nothing more is needed.", "id")
    if not found.granted_on <= closed_on <= to_court_day(at):
        raise Refusal("BAD_DATE", "A loan ends after it is granted, and not in time to come.", "Check it.", "closedOn")
    update = sa.update(IncentiveLoan).where(IncentiveLoan.id == key)
    await connection.execute(update.values(outcome=outcome, closed_on=closed_on))


async def _borrower(connection: AsyncConnection, client_key: int, borrower: Customer, at: datetime) -> int:
    """Return the party of a number and name (R17). A missing consent is refused first (R15)."""
    if borrower.kind is PartyKind.PERSON and not await _has_consent(connection, client_key, borrower, at):
        message = "No live consent lets you lend on this person's credit."
        raise Refusal("CONSENT_REQUIRED", message, "Register it.", "idNumber")
    query = sa.select(Party.id).join(Identity, Identity.party_id == Party.id)
    same = (is_known_as(Party, sa.literal(borrower.folded, sa.Text)), Party.kind == borrower.kind, Party.disclosed)
    known = query.where(Identity.index.in_(borrower.probes), *same)
    key: int | None = (await connection.execute(known)).scalar_one_or_none()
    if key is None:
        raise Refusal("NOT_FOUND", "Nobody of this name and number has a certificate.", "Check both.", "name")
    return key


async def _has_consent(connection: AsyncConnection, client_key: int, borrower: Customer, at: datetime) -> bool:
    now = sa.literal(at, sa.DateTime(timezone=True))
    live = is_live_consent(Consent, sa.literal(client_key), LENDS, now, Scope.PERSON_CREDIT)
    query = sa.select(Consent.id).where(Consent.subject_index.in_(borrower.probes), live)
    return (await connection.execute(query.limit(1))).first() is not None


async def _certificate(connection: AsyncConnection, party: int, day: date) -> int:
    """Return the certificate that made the party gold on a day (R11, R14). Raises Refusal NOT_ELIGIBLE."""
    gold = sa.select(CodePeriod.party_id).where(
        CodePeriod.party_id == party,
        CodePeriod.perspective == Perspective.OUTSIDE,
        is_known_today(CodePeriod),
        CodePeriod.during.contains(day),
        CodePeriod.colour == Colour.GOLD,
    )
    newest = sa.select(Certificate.id).where(
        Certificate.party_id == party, Certificate.publicity.contains(day), gold.exists()
    )
    query = newest.order_by(Certificate.issued_on.desc(), Certificate.id.desc()).limit(1)
    key: int | None = (await connection.execute(query)).scalar_one_or_none()
    if key is None:
        raise Refusal("NOT_ELIGIBLE", "The subject was not gold on that day (R11).", "Check the day.", "grantedOn")
    return key
