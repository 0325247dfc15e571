"""Conflicts of identity and acts that resolve them."""

from datetime import datetime

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.identity_claim import ClaimOutcome
from models.identity_conflict import ConflictOutcome, ConflictState, IdentityActKind, IdentityActState
from resolvers.visibility.about import ABOUT_CONFLICT, ABOUT_PARTY
from resolvers.visibility.items import may_see_claim, may_see_own_court
from schema.lazy_types import LazyParticipation, LazyParty
from schema.register.court import Court
from schema.requirements import CATALOGUE, COURT_OR_SUBJECT, COURT_PROCEDURE, KNOWN_PARTY


@row_type(models.IdentityConflict, seen_by=may_see_own_court, about=ABOUT_CONFLICT, requires=COURT_PROCEDURE)
class IdentityConflict(Node):
    """One person's number under another name (身份冲突): its lines wait inside the court."""

    name: str = column("The other name (冲突姓名).")
    state: ConflictState = column("Whether somebody has looked (状态).")
    opened_at: datetime = column("When it was found (发现时间).")
    line: int | None = column("Where the other name stands in the file (所在行).")
    first_line: int | None = column("Where the number stood first in that file (首见行).")
    outcome: ConflictOutcome | None = column("What it was (处理结果).")
    resolved_at: datetime | None = column("When it was resolved (处理时间).")
    reason: str | None = column("Why (处理理由).")
    court: Court = relation(models.IdentityConflict.court, "The court (法院).", requires=CATALOGUE)
    holder: LazyParty | None = relation(
        models.IdentityConflict.holder, "Who has the number (证件持有人).", requires=KNOWN_PARTY
    )
    provisional: LazyParty | None = relation(
        models.IdentityConflict.provisional, "On whom its lines stand (暂存当事人).", requires=KNOWN_PARTY
    )


@row_type(models.IdentityAct, seen_by=may_see_own_court, about=ABOUT_PARTY, requires=COURT_PROCEDURE)
class IdentityAct(Node):
    """A step with the identity of a party (身份事项)."""

    kind: IdentityActKind = column("What is done (事项).")
    state: IdentityActState = column("Where it stands (状态).")
    outcome: ConflictOutcome | None = column("Of a resolution: what the other name was (处理结果).")
    name: str | None = column("The right name, or a new party's (姓名或名称).")
    reason: str = column("Why it was proposed (理由).")
    proposed_at: datetime = column("When it was proposed (提出时间).")
    decided_at: datetime | None = column("When it was decided (复核时间).")
    decision_reason: str | None = column("Why so (复核意见).")
    conflict: IdentityConflict | None = relation(
        models.IdentityAct.conflict, "The conflict, of a resolution (身份冲突).", requires=COURT_PROCEDURE
    )
    party: LazyParty | None = relation(
        models.IdentityAct.party, "The party that it is about (当事人).", requires=KNOWN_PARTY
    )
    other: LazyParty | None = relation(
        models.IdentityAct.other, "The other party, where there is one (另一当事人).", requires=KNOWN_PARTY
    )


@row_type(models.IdentityClaim, seen_by=may_see_claim, about=ABOUT_PARTY, requires=COURT_OR_SUBJECT)
class IdentityClaim(Node):
    """What a subject says is somebody else's (非本人申请): a participation, with what the case brought upon it."""

    name: str = column("The name of the participant as written (所载姓名或名称).")
    statement: str = column("What the subject says (情况说明).")
    filed_at: datetime = column("When (提出时间).")
    outcome: ClaimOutcome | None = column("What the court found (处理结果); none while it is open.")
    reason: str | None = column("Why (处理理由).")
    decided_at: datetime | None = column("When it was decided (处理时间).")
    court: Court = relation(models.IdentityClaim.court, "The court (法院).", requires=CATALOGUE)
    participation: LazyParticipation | None = relation(
        models.IdentityClaim.participation, "The participation, while it is yours to see (参与情况)."
    )
    party: LazyParty | None = relation(models.IdentityClaim.party, "The subject (申请人).", requires=KNOWN_PARTY)
    act: IdentityAct | None = relation(
        models.IdentityClaim.act, "The proposal that answers it (处理事项).", requires=COURT_PROCEDURE
    )
