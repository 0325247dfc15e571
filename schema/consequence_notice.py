"""Legal-consequence notices."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from auth.policy import any_of
from auth.scopes import Scope
from resolvers.record_steps import steps_of
from schema.case import Case
from schema.declaring import row_type
from schema.fields import column, relation
from schema.node import Node
from schema.record_step import RecordStep
from schema.requirements import CASE, KNOWN_PARTY

if TYPE_CHECKING:
    from schema.party import Party


@row_type(
    models.ConsequenceNotice,
    requires=any_of(Scope.PROCEDURE),
    description="What a participant was told would follow if it did not perform (法律后果告知书).",
)
class ConsequenceNotice(Node):
    """A notice."""

    number: str = column("number", "Its number (告知书编号).")
    served_on: date = column("served_on", "Day of service (送达日期).")
    issued_at: datetime = column("issued_at", "When it was recorded (记录时间).")
    case: Case | None = relation(models.ConsequenceNotice.case, "The case (案件).", requires=CASE)
    party: Annotated["Party", strawberry.lazy("schema.party")] | None = relation(
        models.ConsequenceNotice.party, "On whom it was served (被告知人).", requires=KNOWN_PARTY
    )
    steps: list[RecordStep] = relation(
        steps_of("consequence_notice_id"),
        "What staff did with it, and why (办理节点).",
        requires=any_of(Scope.PROCEDURE),
    )
