"""Forwarded disputes and their inputs."""

from datetime import date, datetime

import strawberry

import models
from auth.scopes import Scope
from engine.declare.fields import column, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from models.forwarded_dispute import DisputeResponse
from resolvers.partners import forwarded_disputes, risk_reports
from resolvers.partners.forwarded_disputes import may_see_forwarded_dispute
from schema.inputs import ID, key, mutation_input, required
from schema.lazy_types import LazyCase, LazyCodeRecord, LazyDeduction
from schema.register.court import Court
from schema.requirements import CASE, CATALOGUE, COURT_OR_SUBJECT, PUBLISHED, RECORDED

DISPUTED = any_of(Scope.WATCH, Scope.REGISTER, Scope.SELF)


@row_type(
    models.ForwardedDispute,
    seen_by=may_see_forwarded_dispute,
    about=forwarded_disputes.ABOUT,
    requires=DISPUTED,
)
class ForwardedDispute(Node):
    """What a customer disputed before a bank, which sent it to the court of the item (异议转交). It opens no objection:
    that its subject files itself.
    """

    reference: str = column("The bank's own reference (机构业务编号).")
    statement: str = column("What the customer says, in the bank's words (异议内容).")
    disputed_on: date = column("When the customer disputed it (提出日期).")
    forwarded_at: datetime = column("When it was forwarded (转交时间).")
    response: DisputeResponse | None = column("What the court made of it (处理结果); none while it awaits an answer.")
    reply: str | None = column("What the court says (答复).")
    answered_at: datetime | None = column("When it was answered (答复时间).")
    bank: str | None = expression(risk_reports.bank, "Who forwarded it (转交机构).", requires=COURT_OR_SUBJECT)
    court: Court = relation(models.ForwardedDispute.court, "The court that it goes to (法院).", requires=CATALOGUE)
    record: LazyCodeRecord | None = relation(
        models.ForwardedDispute.code_record, "The record that it is over, while you may see it.", requires=RECORDED
    )
    deduction: LazyDeduction | None = relation(
        models.ForwardedDispute.deduction, "The deduction that it is over, while you may see it.", requires=PUBLISHED
    )
    case: LazyCase | None = relation(
        models.ForwardedDispute.case, "The case of that item, while you may see it (案件).", requires=CASE
    )


@mutation_input
class ForwardDisputeInput:
    """What a customer disputes, for the court of the item (异议转交)."""

    # Exactly one of the two ids must be given. Persons must consent to the bank's seeing their credit.
    record_id: strawberry.ID | None = key(models.CodeRecord, "A record of the customer's code.", default=None)
    deduction_id: strawberry.ID | None = key(models.Deduction, "A deduction of the customer.", default=None)
    reference: str = required("Your own reference of this dispute (机构业务编号).")
    statement: str = required("What the customer says is wrong (异议内容).")
    disputed_on: date = required("When the customer said so (提出日期).")


@mutation_input
class AnswerDisputeInput:
    """A court's answer to a forwarded dispute (异议转交答复)."""

    id: strawberry.ID = key(models.ForwardedDispute, ID)
    response: DisputeResponse = required("What the court makes of it (处理结果).")
    reason: str = required("What the bank and its customer are told (答复).")
