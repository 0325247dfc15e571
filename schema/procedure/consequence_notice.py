"""Legal-consequence notices."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from auth.scopes import Scope
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from resolvers.procedure.record_steps import steps_of
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.items import may_see_consequence_notice
from schema.procedure.record_step import RecordStep
from schema.register.case import Case
from schema.requirements import CASE, KNOWN_PARTY

if TYPE_CHECKING:
    from schema.register.party import Party


@row_type(
    models.ConsequenceNotice, seen_by=may_see_consequence_notice, about=ABOUT_PARTY, requires=any_of(Scope.PROCEDURE)
)
class ConsequenceNotice(Node):
    """What a participant was told would follow if it did not perform (法律后果告知书)."""

    number: str = column("Its number (告知书编号).")
    served_on: date = column("Day of service (送达日期).")
    issued_at: datetime = column("When it was recorded (记录时间).")
    case: Case | None = relation(models.ConsequenceNotice.case, "The case (案件).", requires=CASE)
    party: Annotated["Party", strawberry.lazy("schema.register.party")] | None = relation(
        models.ConsequenceNotice.party, "On whom it was served (被告知人).", requires=KNOWN_PARTY
    )
    steps: list[RecordStep] = relation(
        steps_of("consequence_notice_id"),
        "What staff did with it, and why (办理节点).",
        requires=any_of(Scope.PROCEDURE),
    )
