"""Incentive loans of the demo bank to holders of certificates."""

from datetime import timedelta
from decimal import Decimal
from itertools import cycle, islice

from demo.city.draft import Draft
from demo.records.cases import may_be_told
from models.audience import Audience
from models.certificate import Certificate
from models.incentive_loan import IncentiveLoan, LoanOutcome

LOANS = 12
ENDS = (None, LoanOutcome.REPAID, None, LoanOutcome.DEFAULTED, None, LoanOutcome.CANCELLED)


def add_loans(draft: Draft) -> None:
    """Create loans, each some weeks after the certificate."""
    bank = draft.found.clients.get(Audience.BANK)
    if bank is None:
        return
    valid = (row for row in draft.rows[Certificate] if row["revoked_on"] is None and may_be_told(draft, row))
    for place, (certificate, outcome) in enumerate(zip(islice(valid, LOANS), cycle(ENDS), strict=False), 1):
        granted = draft.after(certificate["issued_on"], 10, 60)
        closed = None if outcome is None else draft.after(granted, 5, 200)
        draft.add(
            IncentiveLoan,
            client_key=bank,
            party_id=certificate["party_id"],
            certificate_id=certificate["id"],
            reference=f"CX-{granted.year}-{place:04d}",
            amount=Decimal(draft.random.randint(5, 300) * 10_000),
            granted_on=granted,
            closed_on=closed,
            outcome=outcome,
            recorded_at=draft.hour(granted) + timedelta(hours=1),
        )
