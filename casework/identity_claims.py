"""Claims that a participation is not the subject's (R22): filed by the subject, answered by the Centre.

That somebody else took part is proposed by one officer and done when a second one confirms, as all that changes an
identity. Nothing is suspended meanwhile.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.identities import split_party
from casework.identity_changes import decide_claim
from casework.procedure import Act, require, require_reason
from casework.refusal import Refusal, refuse_missing
from casework.rows import find_own, insert_new
from models.certificate import Certificate
from models.court import StaffRole
from models.court_case import CourtCase, Participation
from models.deduction import Deduction
from models.identity_claim import ClaimOutcome, IdentityClaim
from models.listing import Listing
from models.sanction import Sanction

RESTING = (Deduction, Sanction, Listing, Certificate)
"""What a case can have brought upon a participant."""


async def claim(
    connection: AsyncConnection, party_key: int, participation_key: int, statement: str, at: datetime
) -> int:
    """Enter a subject's claim that a participation of its own is somebody else's. Return the claim's key.

    Raises Refusal NOT_FOUND, REASON_REQUIRED, APPLIED.
    """
    query = (
        sa.select(Participation.name, CourtCase.court_code)
        .join(CourtCase, CourtCase.id == Participation.case_id)
        .where(Participation.id == participation_key, Participation.party_id == party_key)
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise refuse_missing("participation of yours", "participationId")
    values = {
        "party_id": party_key,
        "participation_id": participation_key,
        "court_code": found.court_code,
        "name": found.name,
        "statement": require_reason(statement),
        "filed_at": at,
    }
    refusal = Refusal("APPLIED", "A claim about this is open already.", "Await its answer.", "participationId")
    return await insert_new(connection, IdentityClaim, values, refusal)


async def answer(connection: AsyncConnection, key: int, outcome: ClaimOutcome, evidence_digest: bytes, act: Act) -> int:
    """Answer an open claim: SAME_PERSON ends it with reasons; ANOTHER_PERSON proposes that the participation and what
    rests on it go to a new party. Return the claim's key.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, DECIDED, PROPOSED, and as `split_party` does.
    """
    require(act.officer, StaffRole.CENTRE)
    query = sa.select(IdentityClaim.__table__).where(IdentityClaim.id == key).with_for_update()
    found = await find_own(connection, query, act.officer, "claim")
    if found.outcome is not None:
        raise Refusal("DECIDED", "This is decided.", "Read it again.", "id")
    if found.act_id is not None:
        raise Refusal("PROPOSED", "An answer to this claim awaits its confirmation.", "Decide on it first.", "id")
    if outcome is ClaimOutcome.SAME_PERSON:
        values = decide_claim(outcome, require_reason(act.reason), act)
    else:
        items = await _find_items(connection, found.party_id, found.participation_id)
        proposal = await split_party(connection, found.party_id, items, None, found.name, evidence_digest, act)
        values = {"act_id": proposal}
    await connection.execute(sa.update(IdentityClaim).where(IdentityClaim.id == key).values(values))
    return key


async def _find_items(connection: AsyncConnection, party: int, participation: int) -> Mapping[str, Sequence[int]]:
    """Return the keys by table of a participation and of what its case brought upon the party."""
    of = sa.select(Participation.case_id).where(Participation.id == participation).scalar_subquery()
    items: dict[str, Sequence[int]] = {Participation.__tablename__: [participation]}
    for model in RESTING:
        query = sa.select(model.id).where(model.party_id == party, model.case_id == of)
        items[model.__tablename__] = list((await connection.execute(query)).scalars())
    return items
