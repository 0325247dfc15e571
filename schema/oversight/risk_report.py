"""Risk reports and their inputs."""

from datetime import date, datetime

import strawberry

import models
from auth.scopes import Scope
from engine.declare.fields import column, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import all_of, any_of
from models.risk_report import RiskKind, RiskResponse
from resolvers.partners import risk_reports
from resolvers.partners.risk_reports import may_see_risk_report
from schema.inputs import ID, key, mutation_input, required
from schema.lazy_types import LazyCase, LazyCodeRecord
from schema.register.court import Court
from schema.requirements import CASE, CATALOGUE, RECORDED

REPORTED = any_of(Scope.WATCH, Scope.REGISTER)


@row_type(models.RiskReport, seen_by=may_see_risk_report, about=risk_reports.ABOUT, requires=REPORTED)
class RiskReport(Node):
    """What a bank told the court of a record about its customer (预警反馈). The customer is not told: it may be of
    assets that it hides.
    """

    reference: str = column("The bank's own reference (机构业务编号).")
    kind: RiskKind = column("What was noticed (风险类型).")
    statement: str = column("What the bank says (情况说明).")
    noticed_on: date = column("When the bank noticed it (发现日期).")
    reported_at: datetime = column("When it was reported (反馈时间).")
    response: RiskResponse | None = column("What the court made of it (处理结果); none while it awaits an answer.")
    reply: str | None = column("What the court says to the bank (答复).")
    answered_at: datetime | None = column("When it was answered (答复时间).")
    bank: str | None = expression(risk_reports.bank, "Who reports (反馈机构).", requires=all_of(Scope.REGISTER))
    court: Court = relation(models.RiskReport.court, "The court that it goes to (法院).", requires=CATALOGUE)
    record: LazyCodeRecord | None = relation(
        models.RiskReport.code_record, "The record that it is about, while you may see it.", requires=RECORDED
    )
    case: LazyCase | None = relation(
        models.RiskReport.case, "The case of that record, while you may see it (案件).", requires=CASE
    )


@mutation_input
class ReportRiskInput:
    """A risk of a customer, for the court of a record about it (预警反馈)."""

    # Persons must consent to POST_LOAN_MONITORING.
    record_id: strawberry.ID = key(models.CodeRecord, "A record of the customer's code, as you were shown it.")
    reference: str = required("Your own reference of this report (机构业务编号).")
    kind: RiskKind = required("What you noticed (风险类型).")
    statement: str = required("What the court must know (情况说明).")
    noticed_on: date = required("When you noticed it (发现日期).")


@mutation_input
class AnswerRiskReportInput:
    """A court's answer to a bank (预警答复)."""

    id: strawberry.ID = key(models.RiskReport, ID)
    response: RiskResponse = required("What the court makes of it (处理结果).")
    reason: str = required("What the bank is told (答复).")
