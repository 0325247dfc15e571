"""Settlements that were performed."""

from datetime import date

from casework import settlements
from casework.settlements import Performed
from models.court_case import CourtCase
from models.party import Party
from models.settlement import Settlement
from resolvers.mutations.acting import Acting


async def record_settlement_performed(
    acting: Acting, *, case_id: str, party_id: str, document: str, performed_on: date, reason: str
) -> int:
    """The Centre keeps that a settlement was performed."""
    case, party = acting.key(case_id, CourtCase, "caseId"), acting.key(party_id, Party, "partyId")
    performed = Performed(case, party, document, performed_on)
    return await settlements.record_settlement(acting.connection, performed, acting.act(reason))


async def revoke_settlement(acting: Acting, *, id: str, reason: str) -> int:
    """The Centre takes it back."""
    key = acting.key(id, Settlement)
    await settlements.revoke_settlement(acting.connection, key, acting.act(reason))
    return key
