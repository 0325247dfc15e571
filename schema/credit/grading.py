"""Grades and the records that they follow from."""

import models
from engine.declare.fields import column, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import RowObject, row_type
from models.grading import RiskGrade, RuleSource
from resolvers.credit import grading
from resolvers.credit.grading import may_see_grade, may_see_reason
from resolvers.visibility.predicates import may_see_catalogue
from schema.credit.catalogue import CatalogueVersion
from schema.credit.certificate import Certificate
from schema.credit.code_record import CodeRecord
from schema.credit.listing import Listing
from schema.procedure.deduction import Deduction
from schema.requirements import CATALOGUE, CREDIT, INTEGRITY, PUBLISHED, RECORDED


@row_type(models.GradingRule, seen_by=may_see_catalogue, requires=CATALOGUE)
class GradingRule(Node):
    """A rule of grading (分级规则): who has such a record is graded so, or worse. A default."""

    code: str = column("Code in the catalogue (规则代码), such as G01.")
    source: RuleSource = column("What it looks at (记录类别).")
    value: str = column("The colour, tier or list that it names (取值); blank for certificates.")
    grade: RiskGrade = column("The grade (等级).")
    name: str = column("Name (规则名称).")
    english_name: str = column("Name in English.")
    basis: str = column("What it rests on (依据).")
    version: CatalogueVersion = relation(models.GradingRule.version, "The edition that holds it (所属版本).")


@row_type(grading.Reason, seen_by=may_see_reason, name="GradeReason", key=None, requires=CREDIT)
class GradeReason(RowObject):
    """A record that counts towards a grade, and the rule that it falls under (分级理由)."""

    # Exactly one of the four records is not null.
    rule: GradingRule = relation(grading.RULE, "The rule (规则).", requires=CATALOGUE)
    code_record: CodeRecord | None = relation(
        grading.record_of(RuleSource.CODE_RECORD), "The record of the code (信用码记录).", requires=RECORDED
    )
    deduction: Deduction | None = relation(
        grading.record_of(RuleSource.DEDUCTION), "The deduction (扣分).", requires=PUBLISHED
    )
    listing: Listing | None = relation(
        grading.record_of(RuleSource.LISTING), "The entry on a list (名单信息).", requires=INTEGRITY
    )
    certificate: Certificate | None = relation(
        grading.record_of(RuleSource.CERTIFICATE), "The certificate (履行证明).", requires=INTEGRITY
    )


@row_type(grading.Grade, seen_by=may_see_grade, name="RiskAssessment", key=None, requires=CREDIT)
class RiskAssessment(RowObject):
    """A grade that explains itself (风险等级). It is no automated decision."""

    grade: RiskGrade = column("The grade (等级): the worst of those that the reasons give; A without any.")
    reasons: list[GradeReason] = relation(grading.REASONS, "Why, the gravest first (理由).")
    notice: str = expression(grading.notice, "What must be told with it (告知): PIPL 24, and where to object.")
