"""Sanctions."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from auth.scopes import Scope
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from models.sanction import SanctionKind
from resolvers.procedure.record_steps import steps_of
from resolvers.register.import_runs import changes_of
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.items import may_see_sanction
from schema.credit.catalogue import Behaviour
from schema.procedure.record_change import RecordChange
from schema.procedure.record_step import RecordStep
from schema.register.case import Case
from schema.register.court import Court
from schema.requirements import CREDIT, KNOWN_PARTY
from schema.scalars import Money

if TYPE_CHECKING:
    from schema.register.party import Party

CATALOGUE = any_of(Scope.CATALOGUE)


@row_type(models.Sanction, seen_by=may_see_sanction, about=ABOUT_PARTY, requires=CREDIT)
class Sanction(Node):
    """A fine, detention, admonition, order to leave or conviction (司法制裁)."""

    kind: SanctionKind = column("Its kind (种类).")
    amount: Money | None = column("Fine only: CNY (罚款金额).")
    days: int | None = column("Detention only: days (拘留天数).")
    decided_on: date = column("Day of the decision (决定日期).")
    effective_on: date = column("Day of effect (生效日期).")
    revoked_on: date | None = column("Day it was revoked on reconsideration (撤销日期).")
    decision_number: str = column("Number of the decision (决定书案号).", requires=any_of(Scope.REGISTER))
    behaviour: Behaviour | None = relation(
        models.Sanction.behaviour, "The behaviour it punishes (行为).", requires=CATALOGUE
    )
    court: Court = relation(models.Sanction.court, "The court (作出法院).", requires=CATALOGUE)
    case: Case | None = relation(models.Sanction.case, "The case (案件).")
    party: Annotated["Party", strawberry.lazy("schema.register.party")] | None = relation(
        models.Sanction.party, "Who was sanctioned (被制裁人).", requires=KNOWN_PARTY
    )
    steps: list[RecordStep] = relation(
        steps_of("sanction_id"), "What staff did with it, and why (办理节点).", requires=any_of(Scope.PROCEDURE)
    )
    changes: list[RecordChange] = relation(
        changes_of("sanction_id"),
        "What later exports changed of it, oldest first (变更记录).",
        requires=any_of(Scope.REGISTER),
    )
