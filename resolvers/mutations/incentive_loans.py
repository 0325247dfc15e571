"""Reports of incentive loans."""

from datetime import date
from decimal import Decimal

from casework import incentive_loans
from casework.incentive_loans import Loan
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
) -> int:
    """Record a loan that a bank reports."""
    borrower = read_customer(acting, "", name, id_number, organization_code, document, reference)
    client, now = acting.caller.principal.client_key, acting.caller.now
    return await incentive_loans.record_loan(acting.connection, client, borrower, Loan(amount, granted_on), now)
