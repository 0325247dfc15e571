"""Deductions, their steps and their versions."""

from datetime import date, datetime

import models
from engine.declare.fields import column, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.catalogue import Stage, Tier
from models.court import StaffRole
from models.court_case import Role
from models.deduction import DeductionStatus, FindingKind
from resolvers.procedure import deductions
from resolvers.register import participations
from resolvers.register.import_runs import changes_of
from resolvers.visibility import publicity
from resolvers.visibility.about import ABOUT_DEDUCTION, ABOUT_PARTY
from resolvers.visibility.items import may_see_deduction, may_see_procedure
from schema.credit.catalogue import Behaviour
from schema.lazy_types import LazyBatch, LazyParty
from schema.procedure.desk import PanelVote
from schema.procedure.objection import Objection
from schema.procedure.record_change import RecordChange
from schema.procedure.repair import Repair
from schema.register.case import Assessment, Case
from schema.requirements import CATALOGUE, KNOWN_PARTY, PROCEDURE, PUBLISHED, REGISTER


@row_type(models.DeductionStep, seen_by=may_see_procedure, about=ABOUT_DEDUCTION, requires=PROCEDURE)
class DeductionStep(Node):
    """One step of the procedure: who, when, why (流程节点)."""

    sequence: int = column("Its place, from one (序号).")
    status: DeductionStatus = column("The state it led to (状态).")
    staff_role: StaffRole | None = column("The role of who took it (经办角色).")
    taken_at: datetime = column("When (时间).")
    reason: str = column("Why (理由).")


@row_type(models.DeductionVersion, seen_by=may_see_procedure, about=ABOUT_DEDUCTION, requires=PROCEDURE)
class DeductionVersion(Node):
    """One edition of a deduction's content (版本)."""

    version: int = column("Its number, from one (版本号).")
    points: int = column("Points taken (扣分).")
    expires_on: date | None = column("Last day of its publicity (公示期满日).")
    recorded_at: datetime = column("When it was recorded (记录时间).")
    reason: str = column("Why it replaced the one before (变更原因).")
    behaviour: Behaviour = relation(models.DeductionVersion.behaviour, "The behaviour (行为).", requires=CATALOGUE)


@row_type(models.Deduction, seen_by=may_see_deduction, about=ABOUT_PARTY, requires=PUBLISHED)
class Deduction(Node):
    """Points taken from one subject in one stage of one case (扣分). An item, without commentary (白描)."""

    role: Role = column("The subject's position in the case (诉讼地位), always shown.")
    stage: Stage = column("The stage (环节).")
    tier: Tier = column("How grave (等级).")
    points: int = column("Points taken (扣分).")
    status: DeductionStatus = expression(deductions.status_today, "Where it stands today (状态).")
    version: int = column("Its edition (版本号).")
    under_objection: bool = expression(deductions.is_under_objection, "Whether an objection is open (异议标注).")
    determined_on: date | None = column("Day of the determination (认定日期).")
    published_at: datetime | None = column("When it was published (发布时间).")
    expires_on: date | None = column("Last day of its publicity (公示期满日).")
    behaviour: Behaviour = relation(models.Deduction.behaviour, "The behaviour (失信行为).", requires=CATALOGUE)
    case: Case | None = relation(deductions.CASE, "The case (案件).")
    party: LazyParty | None = relation(models.Deduction.party, "The subject (主体).", requires=KNOWN_PARTY)
    assessment: Assessment | None = relation(
        participations.DEDUCTION_ASSESSMENT, "The subject's score in this stage (环节得分)."
    )
    conduct_on: date = column("Day of the conduct (行为日期).", requires=PROCEDURE)
    finding_kind: FindingKind = column("The document that finds it (认定文书).", requires=PROCEDURE)
    finding_document: str | None = column("Number of that document (文书号).", requires=PROCEDURE)
    proposed_at: datetime = column("When it was proposed (提出时间).", requires=PROCEDURE)
    notified_at: datetime | None = column("When the subject was notified (告知时间).", requires=PROCEDURE)
    protected: bool = expression(
        publicity.is_minors_deduction, "A minor's conduct (未成年人); never served outside.", requires=PROCEDURE
    )
    batch: LazyBatch | None = relation(models.Deduction.batch, "Its monthly batch (批次).", requires=PROCEDURE)
    steps: list[DeductionStep] = relation(models.Deduction.steps, "The steps so far (流程).", requires=PROCEDURE)
    votes: list[PanelVote] = relation(
        deductions.VOTES, "The votes of the panel's members, oldest first (评审表决).", requires=REGISTER
    )
    versions: list[DeductionVersion] = relation(
        models.Deduction.versions, "Its editions (历次版本).", requires=PROCEDURE
    )
    changes: list[RecordChange] = relation(
        changes_of("deduction_id"), "What later exports changed of it (变更记录).", requires=REGISTER
    )
    objections: list[Objection] = relation(deductions.OBJECTIONS, "Objections to it (异议).", requires=PROCEDURE)
    repairs: list[Repair] = relation(deductions.REPAIRS, "Applications for its repair (修复申请).", requires=PROCEDURE)
