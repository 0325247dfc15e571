"""Legal-consequence notices."""

from datetime import date, datetime

import models
from auth.scopes import Scope
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from resolvers.arbitration.awards import ABOUT_NOTICE, may_see_consequence_notice
from schema.lazy_types import LazyArbitralAward, LazyParty
from schema.procedure.record_step import RecordStep, record_steps
from schema.register.case import Case
from schema.requirements import CASE, KNOWN_PARTY

NOTIFIED = any_of(Scope.AWARD, Scope.PROCEDURE)
AWARDED = any_of(Scope.AWARD, Scope.REGISTER, Scope.SELF)


@row_type(models.ConsequenceNotice, seen_by=may_see_consequence_notice, about=ABOUT_NOTICE, requires=NOTIFIED)
class ConsequenceNotice(Node):
    """What a participant of a case, or the debtor of an award, was told would follow if it did not perform
    (法律后果告知书).
    """

    number: str = column("Its number (告知书编号).")
    served_on: date = column("Day of service (送达日期).")
    issued_at: datetime = column("When it was recorded (记录时间).")
    case: Case | None = relation(models.ConsequenceNotice.case, "The case (案件); none for an award.", requires=CASE)
    award: LazyArbitralAward | None = relation(
        models.ConsequenceNotice.award, "The award that it was served for (裁决).", requires=AWARDED
    )
    party: LazyParty | None = relation(
        models.ConsequenceNotice.party, "On whom it was served (被告知人).", requires=KNOWN_PARTY
    )
    steps: list[RecordStep] = record_steps("consequence_notice_id")
