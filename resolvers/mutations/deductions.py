"""A deduction on its way: judge, chief, Centre, panel, publication (R4, R5)."""

from datetime import date
from typing import Any

from casework import batches, deductions
from casework.deductions import Finding, Proposal
from models.batch import Batch
from models.court_case import CourtCase, Role
from models.deduction import Deduction
from models.party import Party
from resolvers.mutations.acting import Acting


async def propose(
    acting: Acting,
    *,
    case_id: str,
    party_id: str,
    role: Role,
    behaviour: str,
    points: int,
    conduct_on: date,
    finding: dict[str, Any],
    reason: str,
) -> int:
    """A judge proposes."""
    case, party = acting.key(case_id, CourtCase, "caseId"), acting.key(party_id, Party, "partyId")
    proposal = Proposal(case, party, role, behaviour, points, conduct_on, Finding(**finding))
    return await deductions.propose(acting.connection, proposal, acting.act(reason))


async def resubmit(
    acting: Acting,
    *,
    id: str,
    version: int,
    case_id: str,
    party_id: str,
    role: Role,
    behaviour: str,
    points: int,
    conduct_on: date,
    finding: dict[str, Any],
    reason: str,
) -> int:
    """The proposer mends what was returned."""
    case, party = acting.key(case_id, CourtCase, "caseId"), acting.key(party_id, Party, "partyId")
    proposal = Proposal(case, party, role, behaviour, points, conduct_on, Finding(**finding))
    key = acting.key(id, Deduction)
    await deductions.resubmit(acting.connection, key, proposal, version, acting.act(reason))
    return key


async def review(acting: Acting, *, id: str, version: int, reason: str) -> int:
    """The chief approves."""
    key = acting.key(id, Deduction)
    await deductions.approve(acting.connection, key, version, acting.act(reason))
    return key


async def send_back(acting: Acting, *, id: str, version: int, reason: str) -> int:
    """The chief returns."""
    key = acting.key(id, Deduction)
    await deductions.send_back(acting.connection, key, version, acting.act(reason))
    return key


async def open_batch(acting: Acting, *, month: date) -> int:
    """The Centre opens a month."""
    return await batches.open_batch(acting.connection, month, acting.act(""))


async def add_to_batch(acting: Acting, *, batch_id: str, deduction_id: str, version: int, reason: str) -> int:
    """The Centre collects."""
    batch, key = acting.key(batch_id, Batch, "batchId"), acting.key(deduction_id, Deduction, "deductionId")
    await batches.collect(acting.connection, batch, key, version, acting.act(reason))
    return key


async def decide_item(acting: Acting, *, id: str, version: int, approved: bool, reason: str) -> int:
    """The panel votes."""
    key = acting.key(id, Deduction)
    await batches.decide(acting.connection, key, version, approved, acting.act(reason))
    return key


async def notify_subject(acting: Acting, *, id: str, reason: str) -> int:
    """The Centre keeps that the subject was notified."""
    key = acting.key(id, Deduction)
    await batches.notify(acting.connection, key, acting.act(reason))
    return key


async def publish_batch(acting: Acting, *, id: str, reason: str) -> int:
    """The Centre publishes a month."""
    key = acting.key(id, Batch)
    await batches.publish(acting.connection, key, acting.act(reason))
    return key
