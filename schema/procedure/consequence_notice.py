"""Legal-consequence notices."""

from datetime import date, datetime

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.items import may_see_consequence_notice
from schema.lazy_types import LazyParty
from schema.procedure.record_step import RecordStep, record_steps
from schema.register.case import Case
from schema.requirements import CASE, KNOWN_PARTY, PROCEDURE


@row_type(models.ConsequenceNotice, seen_by=may_see_consequence_notice, about=ABOUT_PARTY, requires=PROCEDURE)
class ConsequenceNotice(Node):
    """What a participant was told would follow if it did not perform (法律后果告知书)."""

    number: str = column("Its number (告知书编号).")
    served_on: date = column("Day of service (送达日期).")
    issued_at: datetime = column("When it was recorded (记录时间).")
    case: Case | None = relation(models.ConsequenceNotice.case, "The case (案件).", requires=CASE)
    party: LazyParty | None = relation(
        models.ConsequenceNotice.party, "On whom it was served (被告知人).", requires=KNOWN_PARTY
    )
    steps: list[RecordStep] = record_steps("consequence_notice_id")
