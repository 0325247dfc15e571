"""Inputs of identity acts."""

import strawberry

import models
from models.identity_claim import ClaimOutcome
from models.identity_conflict import ConflictOutcome
from schema.inputs import ID, REASON, key, mutation_input, optional, required
from schema.register.document_input import DocumentKey
from schema.scalars import Sha256

EVIDENCE = "SHA-256 of the document that shows it (证明材料摘要)."
PARTY = "The party (当事人)."


@mutation_input
class ResolveIdentityInput:
    """What the other name of a conflict was (身份冲突处理)."""

    id: strawberry.ID = key(models.IdentityConflict, ID)
    outcome: ConflictOutcome = required("What it was (处理结果).")
    document: DocumentKey | None = optional("The right number of its lines, where the number was wrong (正确证件).")
    reason: str = required(REASON)
    evidence_digest: Sha256 = required(EVIDENCE)


@mutation_input
class CorrectNameInput:
    """Another name of a party; the one so far was a slip (姓名更正)."""

    party_id: strawberry.ID = key(models.Party, PARTY)
    name: str = required("The right name (正确姓名或名称).")
    reason: str = required(REASON)
    evidence_digest: Sha256 = required(EVIDENCE)


@mutation_input
class MergePartiesInput:
    """Two parties that are one (当事人合并)."""

    from_id: strawberry.ID = key(models.Party, "The party that ends (被合并方).")
    into_id: strawberry.ID = key(models.Party, "The party that it is (保留方).")
    reason: str = required(REASON)
    evidence_digest: Sha256 = required(EVIDENCE)


@mutation_input
class SplitPartyInput:
    """What is another party's (当事人拆分): of one that is there, or of a new one."""

    party_id: strawberry.ID = key(models.Party, PARTY)
    items: list[strawberry.ID] = required(
        "Participations, deductions, sanctions, listings and certificates (拆出事项)."
    )
    other_id: strawberry.ID | None = key(models.Party, "Whose they are (归属方).", default=None)
    name: str | None = optional("Or the name of a new party (新当事人姓名或名称).")
    reason: str = required(REASON)
    evidence_digest: Sha256 = required(EVIDENCE)


@mutation_input
class DecideIdentityActInput:
    """A decision on what a colleague proposed (复核)."""

    id: strawberry.ID = key(models.IdentityAct, ID)
    confirmed: bool = required("True: it is done at once; false: it is refused.")
    reason: str = required(REASON)


@mutation_input
class ClaimIdentityInput:
    """A participation that is somebody else's (非本人申请)."""

    participation_id: strawberry.ID = key(models.Participation, "The participation (参与情况).")
    statement: str = required("Why it is not yours (情况说明).")


@mutation_input
class AnswerIdentityClaimInput:
    """The Centre's answer to a claim (非本人申请处理)."""

    id: strawberry.ID = key(models.IdentityClaim, ID)
    outcome: ClaimOutcome = required("Who took part (处理结果); ANOTHER_PERSON waits for a colleague.")
    reason: str = required(REASON)
    evidence_digest: Sha256 = required(EVIDENCE)
