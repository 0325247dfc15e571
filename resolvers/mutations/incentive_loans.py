"""Reports of incentive loans and of credit lines."""

from datetime import date
from decimal import Decimal

from casework import incentive_loans
from casework.incentive_loans import GrantedLine, Loan
from resolvers.mutations.acting import Acting
from resolvers.mutations.consents import Given, read_customer


async def record(
    acting: Acting,
    *,
    name: str,
    id_number: str | None,
    organization_code: str | None,
    document: Given | None,
    reference: str,
    amount: Decimal,
    granted_on: date,
    credit_line_id: int | None,
) -> int:
    """Record a loan that a bank reports."""
    borrower = await read_customer(acting, "", name, id_number, organization_code, document, reference)
    client, now = acting.caller.principal.client_key, acting.caller.now
    loan = Loan(amount, granted_on, credit_line_id)
    return await incentive_loans.record_loan(acting.connection, client, borrower, loan, now)


async def record_line(
    acting: Acting,
    *,
    name: str,
    id_number: str | None,
    organization_code: str | None,
    document: Given | None,
    reference: str,
    amount: Decimal,
    granted_on: date,
    expires_on: date,
) -> int:
    """Record a credit line that a bank reports."""
    borrower = await read_customer(acting, "", name, id_number, organization_code, document, reference)
    client, now = acting.caller.principal.client_key, acting.caller.now
    line = GrantedLine(amount, granted_on, expires_on)
    return await incentive_loans.record_line(acting.connection, client, borrower, line, now)
