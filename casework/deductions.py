"""Deductions within a division: proposed by the judge, reviewed by the chief (R1, R3, R4, R7)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.catalogue import find_behaviour
from casework.consequences import establish
from casework.participants import find_case
from casework.procedure import Act, Step, insert_proposed, lock_deduction, permit, require_reason, take
from casework.refusal import Refusal
from languages.sentence import say
from models.catalogue import Stage, Tier
from models.court_case import Role
from models.deduction import FINDINGS, PROPOSED_ONCE, DeductionStatus, FindingKind
from models.sanction import FOUNDED, Sanction
from models.terms import to_court_day


@dataclass(frozen=True)
class FindingDocument:
    """The document in which the conduct was found, with the SHA-256 of the file (R7)."""

    kind: FindingKind
    number: str
    issued_on: date
    digest: bytes


@dataclass(frozen=True)
class Proposal:
    """A proposed deduction of a participant. behaviour: a code of the catalogue, such as E01."""

    case_key: int
    party_key: int
    role: Role
    behaviour: str
    points: int
    conduct_on: date
    finding: FindingDocument


async def propose(connection: AsyncConnection, proposal: Proposal, act: Act) -> int:
    """Enter a deduction. Return its key.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, NOT_A_PARTICIPANT, UNKNOWN_BEHAVIOUR, WRONG_STAGE,
    POINTS_OUT_OF_BAND, FINDING_REQUIRED, FINDING_REVOKED, BAD_DATE, PROPOSED.
    """
    permit(act.officer, Step.PROPOSE)
    reason = require_reason(act.reason)
    content = await _content(connection, proposal, act)
    values = content | {
        "case_id": proposal.case_key,
        "party_id": proposal.party_key,
        "role": proposal.role,
        "status": DeductionStatus.PROPOSED,
        "version": 1,
        "proposed_by": act.officer.key,
        "proposed_at": act.at,
    }
    return await insert_proposed(connection, values, act, reason, _refuse_duplicate())


async def resubmit(connection: AsyncConnection, key: int, proposal: Proposal, version: int, act: Act) -> None:
    """Correct a returned deduction, by its proposer and for the same participant. Makes a new version.

    Raises Refusal as `propose` does, and STALE_VERSION, NOT_YOURS, OTHER_SUBJECT, WRONG_STATE.
    """
    found = await lock_deduction(connection, act.officer, key, version)
    permit(act.officer, Step.RESUBMIT)
    if found.proposed_by != act.officer.key:
        raise Refusal("NOT_YOURS", "Somebody else proposed this.", "Its proposer mends it.")
    if (found.case_id, found.party_id, found.role) != (proposal.case_key, proposal.party_key, proposal.role):
        raise Refusal("OTHER_SUBJECT", "A proposal stays on its participant.", "Propose the other one by itself.")
    content = await _content(connection, proposal, act)
    try:
        async with connection.begin_nested():
            await take(connection, Step.RESUBMIT, found, act, version=found.version + 1, reviewed_by=None, **content)
    except sa.exc.IntegrityError as error:
        if PROPOSED_ONCE in str(error.orig):
            raise _refuse_duplicate() from None
        raise


async def approve(connection: AsyncConnection, key: int, version: int, act: Act) -> None:
    """Record the chief's approval. Raises Refusal as `take` does."""
    await take(connection, Step.APPROVE, await lock_deduction(connection, act.officer, key, version), act)


async def send_back(connection: AsyncConnection, key: int, version: int, act: Act) -> None:
    """Return a deduction to its proposer, with the reason. Raises Refusal as `take` does."""
    await take(connection, Step.RETURN, await lock_deduction(connection, act.officer, key, version), act)


def _refuse_duplicate() -> Refusal:
    message = "This conduct of this participant is proposed already, by the same document."
    return Refusal("PROPOSED", message, "Look at the case's deductions.", "behaviour")


async def _content(connection: AsyncConnection, proposal: Proposal, act: Act) -> dict[str, Any]:
    """Return the columns of the content of a proposal, after all checks."""
    case = await find_case(connection, proposal.case_key, proposal.party_key, act.officer, proposal.role)
    behaviour = await find_behaviour(connection, proposal.behaviour, to_court_day(act.at))
    _check_stage(behaviour, case.stage)
    _check_points(proposal.points, behaviour)
    _check_days(proposal, to_court_day(act.at))
    await _check_standing(connection, proposal)
    if case.of_age_from > proposal.conduct_on:
        await establish(connection, act.keyring, proposal.party_key, act.at, proposal.conduct_on)
    return {
        "behaviour_id": behaviour.id,
        "stage": behaviour.stage,
        "tier": behaviour.tier,
        "points": proposal.points,
        "conduct_on": proposal.conduct_on,
        **_finding(proposal.finding, behaviour.tier),
    }


def _check_stage(behaviour: Any, stage: Stage) -> None:
    """Raise Refusal WRONG_STAGE unless the behaviour belongs to filing or to the stage of the case (R1, R2)."""
    if behaviour.stage not in (Stage.FILING, stage):
        message = say(
            "{code} belongs to {stage}, and the case is at {stage_2} (R1).",
            code=behaviour.code,
            stage=behaviour.stage,
            stage_2=stage,
        )
        raise Refusal("WRONG_STAGE", message, "Name the case of that stage.", "behaviour")


def _check_points(points: int, behaviour: sa.Row[Any]) -> None:
    if not behaviour.points_min <= points <= behaviour.points_max:
        band = f"{behaviour.points_min} to {behaviour.points_max}"
        message = say("{code} takes {band} points (R1).", code=behaviour.code, band=band)
        raise Refusal("POINTS_OUT_OF_BAND", message, say("Give a number from {band}.", band=band), "points")


def _check_days(proposal: Proposal, today: date) -> None:
    for field, day in (("conductOn", proposal.conduct_on), ("finding", proposal.finding.issued_on)):
        if day > today:
            raise Refusal("BAD_DATE", "This day has not come yet.", "Give a past day.", field)
    if proposal.finding.issued_on < proposal.conduct_on:
        raise Refusal("BAD_DATE", "The conduct was found before it happened.", "Check both days.", "finding")


async def _check_standing(connection: AsyncConnection, proposal: Proposal) -> None:
    """Raise Refusal FINDING_REVOKED if the finding is a revoked sanction (R25). Locks the sanction for share."""
    sanction, finding = Sanction, proposal.finding
    kinds = [kind for kind, found in FOUNDED.items() if found is finding.kind]
    if not kinds:
        return
    cited = sa.select(sanction.revoked_on).where(
        sanction.party_id == proposal.party_key,
        sanction.kind.in_(kinds),
        sa.func.starts_with(sa.func.document_key(finding.number), sanction.decision_number),
    )
    if any((await connection.execute(cited.with_for_update(read=True))).scalars()):
        raise Refusal("FINDING_REVOKED", "This decision was revoked (R25).", "Name a finding that stands.", "finding")


def _finding(finding: FindingDocument, tier: Tier) -> dict[str, Any]:
    """Return the columns of the finding. Raises Refusal FINDING_REQUIRED unless it suits the tier (R7)."""
    if finding.kind not in FINDINGS[tier]:
        message = say("A {tier} behaviour rests on one of: {wanted} (R7).", tier=tier, wanted=FINDINGS[tier])
        raise Refusal("FINDING_REQUIRED", message, "Attach it.", "finding")
    if not finding.number.strip() or len(finding.digest) != 32:
        raise Refusal("FINDING_REQUIRED", "The document's number or hash is missing (R7).", "Attach it.", "finding")
    return {
        "finding_kind": finding.kind,
        "finding_document": finding.number.strip(),
        "finding_issued_on": finding.issued_on,
        "finding_digest": finding.digest,
    }
