"""Credit lines and incentive loans of the demo bank to holders of certificates."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from demo.city.draft import Draft, Row
from demo.records.cases import may_be_told
from models.audience import Audience
from models.certificate import Certificate
from models.incentive_loan import CreditLine, IncentiveLoan, LoanOutcome

UNIT = 10_000
TERM = timedelta(3 * 365)
ENDS = (None, LoanOutcome.REPAID, None, LoanOutcome.REPAID, None, LoanOutcome.DEFAULTED, LoanOutcome.REPAID)


def add_loans(draft: Draft, granted: int, lent: int) -> None:
    """Create lines of `granted` in all, each some weeks after the certificate, loans on them of `lent` in all, and
    loans without a line, which were cancelled. Amounts are in units of CNY 10,000.
    """
    bank = draft.found.clients.get(Audience.BANK)
    if bank is None:
        return
    valid = [row for row in draft.rows[Certificate] if row["revoked_on"] is None and may_be_told(draft, row)]
    holders = valid[: min(len(valid) - len(valid) // 8, granted)]
    amounts = _split(granted, [draft.random.randint(1, 9) for _ in holders])
    for place, (certificate, amount, drawn) in enumerate(zip(holders, amounts, _split(lent, amounts), strict=True)):
        line = _grant(draft, bank, certificate, amount)
        parts = [drawn // 3, drawn - drawn // 3] if place % 2 else [drawn]
        for part in parts:
            if part:
                _lend(draft, line, part, draft.cycle(ENDS, IncentiveLoan))
        if place % 9 == 4:
            line["closed_on"] = max(line["granted_on"], draft.today - timedelta(1))
    for certificate in valid[len(holders) :]:
        cancelled = {"id": None, "client_key": bank, "granted_on": certificate["issued_on"]} | _of(certificate)
        _lend(draft, cancelled, draft.random.randint(5, 50), LoanOutcome.CANCELLED)


def _split(total: int, weights: Sequence[int]) -> list[int]:
    """Split a number by weights; what is left of whole numbers goes to the first ones, one each."""
    shares = [total * weight // sum(weights) for weight in weights]
    left = total - sum(shares)
    return [share + (place < left) for place, share in enumerate(shares)]


def _of(certificate: Row) -> Row:
    return {"party_id": certificate["party_id"], "certificate_id": certificate["id"]}


def _grant(draft: Draft, bank: int, certificate: Row, amount: int) -> Row:
    granted = draft.after(certificate["issued_on"], 10, 40)
    return draft.add(
        CreditLine,
        client_key=bank,
        **_of(certificate),
        reference=f"SX-{granted.year}-{len(draft.rows[CreditLine]) + 1:04d}",
        amount=Decimal(amount * UNIT),
        granted_on=granted,
        expires_on=granted + TERM,
        recorded_at=draft.hour(granted) + timedelta(hours=1),
    )


def _lend(draft: Draft, line: Row, amount: int, outcome: LoanOutcome | None) -> None:
    granted = draft.after(line["granted_on"], 1, 60)
    draft.add(
        IncentiveLoan,
        client_key=line["client_key"],
        party_id=line["party_id"],
        certificate_id=line["certificate_id"],
        line_id=line["id"],
        reference=f"CX-{granted.year}-{len(draft.rows[IncentiveLoan]) + 1:04d}",
        amount=Decimal(amount * UNIT),
        granted_on=granted,
        closed_on=_end(draft, granted, outcome),
        outcome=outcome,
        recorded_at=draft.hour(granted) + timedelta(hours=1),
    )


def _end(draft: Draft, granted: date, outcome: LoanOutcome | None) -> date | None:
    return None if outcome is None else draft.after(granted, 5, 200)
