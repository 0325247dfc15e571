"""Cases and participations."""

from datetime import date

import models
from engine.declare.connections import Connection
from engine.declare.fields import column, connection, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import RowObject, row_type
from models.catalogue import Stage
from models.court_case import Confidentiality, Role
from resolvers.procedure.assessments import Assessment as AssessmentRow
from resolvers.procedure.assessments import may_see_assessment, select_assessments
from resolvers.procedure.case_marks import DIVISION, MARKS, TRANSFERS
from resolvers.register.participations import ASSESSMENTS, CASE_DEDUCTIONS
from resolvers.visibility import masking, publicity
from resolvers.visibility.about import ABOUT_PARTICIPANTS, ABOUT_PARTY
from resolvers.visibility.predicates import may_see_case, may_see_participation
from schema.lazy_types import LazyDeduction, LazyParty
from schema.procedure.desk import CaseMark, CaseTransfer
from schema.procedure.record_change import RecordChange, record_changes
from schema.register.court import Court
from schema.register.division import Division
from schema.requirements import CASE, CATALOGUE, COURT_OR_SUBJECT, PUBLISHED, REGISTER


@row_type(AssessmentRow, seen_by=may_see_assessment, requires=PUBLISHED, key=None, source=select_assessments)
class Assessment(RowObject):
    """One subject's score in one stage of one case (一案一评): ten less what was taken. Never added up."""

    # R2.
    stage: Stage = column("The stage (环节).")
    score: int = column("Ten less the points in publication, not below zero (得分).")


@row_type(models.Participation, seen_by=may_see_participation, about=ABOUT_PARTY, requires=COURT_OR_SUBJECT)
class Participation(Node):
    """A participant in a case, always with its role (诉讼参与)."""

    role: Role = column("Position in the case (诉讼地位).")
    name: str = column("Name as the case has it (姓名或名称); all that is known of an unidentified participant.")
    written_role: str | None = column(
        "The position as the court wrote it, such as 再审申请人; none where that is the ordinary word (原文地位).",
        requires=REGISTER,
    )
    protected: bool = expression(
        publicity.is_minors_participation,
        "Under 18 when the case was filed (未成年人); never served outside the court.",
    )
    case: "Case" = relation(models.Participation.case, "The case (案件).")
    party: LazyParty | None = relation(models.Participation.party, "The party (当事人); none where it is unidentified.")
    assessments: list[Assessment] = relation(ASSESSMENTS, "Its scores, one a stage (环节得分).")


@row_type(models.CourtCase, seen_by=may_see_case, about=ABOUT_PARTICIPANTS, name="Case", requires=CASE)
class Case(Node):
    """A court case (案件)."""

    number: str | None = expression(
        masking.case_number,
        "Case number, half-width (案号); withheld outside the court for families and trade secrets.",
    )
    stage: Stage = column("The stage its kind of case belongs to (环节).")
    cause: str = column("Cause of action (案由).")
    filed_on: date = column("Day of filing (立案日期).")
    closed_on: date | None = column("Day of closing (结案日期); none while it is open.")
    court: Court = relation(models.CourtCase.court, "The court (经办法院).", requires=CATALOGUE)
    confidentiality: Confidentiality = column("Whether and why it stays inside (不公开类型).", requires=REGISTER)
    participations: list[Participation] = relation(
        models.CourtCase.participations, "Who took part (诉讼参与人).", requires=COURT_OR_SUBJECT
    )
    deductions: Connection[LazyDeduction] = connection(
        CASE_DEDUCTIONS, "Deductions in this case (本案扣分).", requires=REGISTER
    )
    division: Division | None = relation(
        DIVISION, "The division that has it (承办庭室), if the court named it.", requires=REGISTER
    )
    marks: list[CaseMark] = relation(MARKS, "Prompts about its litigants, oldest first (提示标记).", requires=REGISTER)
    transfers: list[CaseTransfer] = relation(
        TRANSFERS, "Its transfers between divisions, oldest first (移送记录).", requires=REGISTER
    )
    changes: list[RecordChange] = record_changes("case_id")
