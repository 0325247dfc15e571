"""Sanctions."""

from datetime import date

import models
from engine.declare.fields import column, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.sanction import SanctionKind
from resolvers.procedure.record_steps import is_contested
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.items import may_see_sanction
from schema.credit.catalogue import Behaviour
from schema.lazy_types import LazyParty
from schema.procedure.objection import Objection, record_objections
from schema.procedure.record_change import RecordChange, record_changes
from schema.procedure.record_step import RecordStep, record_steps
from schema.register.case import Case
from schema.register.court import Court
from schema.requirements import CATALOGUE, CREDIT, KNOWN_PARTY, REGISTER
from schema.scalars import Money


@row_type(models.Sanction, seen_by=may_see_sanction, about=ABOUT_PARTY, requires=CREDIT)
class Sanction(Node):
    """A fine, detention, admonition, order to leave or conviction (司法制裁)."""

    kind: SanctionKind = column("Its kind (种类).")
    amount: Money | None = column("Fine only: CNY (罚款金额).")
    days: int | None = column("Detention only: days (拘留天数).")
    decided_on: date = column("Day of the decision (决定日期).")
    effective_on: date = column("Day of effect (生效日期).")
    revoked_on: date | None = column("Day it was revoked on reconsideration (撤销日期).")
    decision_number: str = column("Number of the decision (决定书案号).", requires=REGISTER)
    behaviour: Behaviour | None = relation(
        models.Sanction.behaviour, "The behaviour it punishes (行为).", requires=CATALOGUE
    )
    court: Court = relation(models.Sanction.court, "The court (作出法院).", requires=CATALOGUE)
    case: Case | None = relation(models.Sanction.case, "The case (案件).")
    party: LazyParty | None = relation(models.Sanction.party, "Who was sanctioned (被制裁人).", requires=KNOWN_PARTY)
    under_objection: bool = expression(
        is_contested("sanction_id"), "Whether an objection to it is open (异议处理中); it stays in force."
    )
    objections: list[Objection] = record_objections("sanction_id")
    steps: list[RecordStep] = record_steps("sanction_id")
    changes: list[RecordChange] = record_changes("sanction_id")
