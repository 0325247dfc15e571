"""Sanctions and certificates: what makes red and gold (R11, R12)."""

from datetime import date
from decimal import Decimal

from casework import certificates, sanctions
from casework.certificates import Performance
from casework.sanctions import Decision
from models.certificate import Certificate
from models.court_case import CourtCase
from models.party import Party
from models.sanction import Sanction, SanctionKind
from resolvers.mutations.acting import Acting


async def record_sanction(
    acting: Acting,
    *,
    number: str,
    case_id: str,
    party_id: str,
    kind: SanctionKind,
    decided_on: date,
    effective_on: date,
    amount: Decimal | None,
    days: int | None,
    sentence_ends_on: date | None,
    behaviour: str | None,
    reason: str,
) -> int:
    """The Centre records a decision."""
    case, party = acting.key(case_id, CourtCase, "caseId"), acting.key(party_id, Party, "partyId")
    decision = Decision(number, case, party, kind, decided_on, effective_on, amount, days, sentence_ends_on, behaviour)
    return await sanctions.record_sanction(acting.connection, decision, acting.act(reason))


async def revoke_sanction(acting: Acting, *, id: str, revoked_on: date, reason: str) -> int:
    """A reconsideration revokes it."""
    key = acting.key(id, Sanction)
    await sanctions.revoke_sanction(acting.connection, key, revoked_on, acting.act(reason))
    return key


async def issue_certificate(
    acting: Acting, *, number: str, case_id: str, party_id: str, performed_on: date, reason: str
) -> int:
    """The Centre certifies a performance."""
    case, party = acting.key(case_id, CourtCase, "caseId"), acting.key(party_id, Party, "partyId")
    performance = Performance(number, case, party, performed_on)
    return await certificates.issue_certificate(acting.connection, performance, acting.act(reason))


async def revoke_certificate(acting: Acting, *, id: str, reason: str) -> int:
    """The Centre revokes it."""
    key = acting.key(id, Certificate)
    await certificates.revoke_certificate(acting.connection, key, acting.act(reason))
    return key
