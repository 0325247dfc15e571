"""Incentive loans and their credit lines, as banks report them (DOMAIN 1, 3)."""

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
from languages.sentence import say
from models.audience import Purpose
from models.catalogue import Colour
from models.certificate import Certificate
from models.code_record import CodePeriod, Perspective, is_known_today
from models.consent import Consent
from models.incentive_loan import CreditLine, IncentiveLoan, LoanOutcome, sum_drawn
from models.party import Identity, Party, PartyKind
from models.party_name import is_known_as
from models.terms import to_court_day

LENDS = sa.literal(Purpose.INCENTIVE_LOAN.value, sa.Text)


@dataclass(frozen=True)
class Loan:
    """The amount of a loan, in CNY, the day on which it was granted, and the credit line that it is drawn on."""

    amount: Decimal
    granted_on: date
    line_key: int | None = None


@dataclass(frozen=True)
class GrantedLine:
    """The amount of a credit line, in CNY, the day on which it was granted, and the last day of its term."""

    amount: Decimal
    granted_on: date
    expires_on: date


async def record_line(
    connection: AsyncConnection, client_key: int, borrower: Customer, line: GrantedLine, at: datetime
) -> int:
    """Record a credit line of a subject that was gold on the day of the grant. Return its key.

    Raises Refusal CONSENT_REQUIRED, NOT_FOUND, NOT_ELIGIBLE, BAD_DATE, NEGATIVE_AMOUNT, RECORDED.
    """
    _check(line.amount, line.granted_on, at)
    if line.expires_on < line.granted_on:
        raise Refusal("BAD_DATE", "A line ends after it is granted.", "Check both days.", "expiresOn")
    party = await _borrower(connection, client_key, borrower, at)
    values = {
        "client_key": client_key,
        "party_id": party,
        "certificate_id": await _certificate(connection, party, line.granted_on),
        "reference": borrower.reference,
        "amount": line.amount,
        "granted_on": line.granted_on,
        "expires_on": line.expires_on,
        "recorded_at": at,
    }
    refusal = Refusal("RECORDED", "A line of this reference is reported.", "Give its own reference.", "reference")
    return await insert_new(connection, CreditLine, values, refusal)


async def close_line(connection: AsyncConnection, client_key: int, key: int, closed_on: date, at: datetime) -> None:
    """Record that a bank's own line was closed: nothing more is drawn on it, and its loans run on.

    Raises Refusal NOT_FOUND, RECORDED, BAD_DATE.
    """
    found = await _lock_line(connection, client_key, key, "id")
    if found.closed_on is not None:
        raise Refusal("RECORDED", "The end of this line is reported already.", "Nothing more is needed.", "id")
    newest = sa.select(sa.func.max(IncentiveLoan.granted_on)).where(IncentiveLoan.line_id == key)
    drawn: date = (await connection.execute(newest)).scalar_one() or found.granted_on
    if not max(drawn, found.granted_on) <= closed_on <= to_court_day(at):
        message = "A line is closed after it is granted and last drawn on, and not in time to come."
        raise Refusal("BAD_DATE", message, "Check it.", "closedOn")
    await connection.execute(sa.update(CreditLine).where(CreditLine.id == key).values(closed_on=closed_on))


async def record_loan(
    connection: AsyncConnection, client_key: int, borrower: Customer, loan: Loan, at: datetime
) -> int:
    """Record a loan to a subject that was gold on the day of the grant, or is drawn on a credit line, which was granted
    on gold. Return its key.

    Raises Refusal CONSENT_REQUIRED, NOT_FOUND, NOT_ELIGIBLE, OTHER_SUBJECT, BAD_DATE, NEGATIVE_AMOUNT, RECORDED.
    """
    _check(loan.amount, loan.granted_on, at)
    party = await _borrower(connection, client_key, borrower, at)
    values = {
        "client_key": client_key,
        "party_id": party,
        "certificate_id": await _ground(connection, client_key, party, loan),
        "reference": borrower.reference,
        "amount": loan.amount,
        "granted_on": loan.granted_on,
        "line_id": loan.line_key,
        "recorded_at": at,
    }
    refusal = Refusal("RECORDED", "A loan of this reference is reported.", "Give its own reference.", "reference")
    return await insert_new(connection, IncentiveLoan, values, refusal)


def _check(amount: Decimal, granted_on: date, at: datetime) -> None:
    if amount <= 0:
        raise Refusal("NEGATIVE_AMOUNT", "What is granted is more than zero.", "Give it in CNY.", "amount")
    if granted_on > to_court_day(at):
        raise Refusal("BAD_DATE", "This day has not come yet.", "Report it when it has.", "grantedOn")


async def _ground(connection: AsyncConnection, client_key: int, party: int, loan: Loan) -> int:
    """Return the certificate that a loan rests on: its own, or that of its line. The line is locked.

    Raises Refusal NOT_FOUND, NOT_ELIGIBLE, OTHER_SUBJECT, BAD_DATE.
    """
    if loan.line_key is None:
        return await _certificate(connection, party, loan.granted_on)
    line = await _lock_line(connection, client_key, loan.line_key, "creditLineId")
    if line.party_id != party:
        raise Refusal("OTHER_SUBJECT", "This line is another borrower's.", "Check both.", "creditLineId")
    if not line.granted_on <= loan.granted_on <= (line.closed_on or line.expires_on):
        message = "Nothing is drawn on a line before it is granted, or after it has ended."
        raise Refusal("BAD_DATE", message, "Check the day.", "grantedOn")
    left = line.amount - line.drawn
    if loan.amount > left:
        raise Refusal(
            "NOT_ELIGIBLE", "The line is drawn beyond its amount.", say("CNY {left} are left.", left=left), "amount"
        )
    return int(line.certificate_id)


async def _lock_line(connection: AsyncConnection, client_key: int, key: int, field: str) -> Any:
    """Lock a bank's own line and return it, with what is drawn on it. Raises Refusal NOT_FOUND."""
    own = (CreditLine.id == key, CreditLine.client_key == client_key)
    found: Any = (await connection.execute(sa.select(CreditLine.__table__).where(*own).with_for_update())).one_or_none()
    if found is None:
        raise refuse_missing("credit line of yours", field)
    drawn = sa.select(CreditLine.__table__, sum_drawn(CreditLine).label("drawn")).where(CreditLine.id == key)
    return (await connection.execute(drawn)).one()


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
    known = query.where(Identity.index == borrower.index, *same)
    key: int | None = (await connection.execute(known)).scalar_one_or_none()
    if key is None:
        raise Refusal("NOT_FOUND", "Nobody of this name and number has a certificate.", "Check both.", "name")
    return key


async def _has_consent(connection: AsyncConnection, client_key: int, borrower: Customer, at: datetime) -> bool:
    now = sa.literal(at, sa.DateTime(timezone=True))
    live = is_live_consent(Consent, sa.literal(client_key), LENDS, now, Scope.PERSON_CREDIT)
    query = sa.select(Consent.id).where(Consent.subject_index == borrower.index, live)
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
