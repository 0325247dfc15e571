"""Reminders."""

from datetime import date, datetime

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.calendar import ReminderKind
from resolvers.visibility.items import may_see_own_court
from schema.credit.code_record import CodeRecord
from schema.procedure.batch import Batch
from schema.procedure.objection import Objection
from schema.register.court import Court
from schema.requirements import CATALOGUE, PROCEDURE


@row_type(models.Reminder, seen_by=may_see_own_court, requires=PROCEDURE)
class Reminder(Node):
    """What a court is reminded of (期限提醒); it stays when the matter is done."""

    kind: ReminderKind = column("Of what (类型).")
    due_on: date = column("The day it is due (到期日).")
    given_at: datetime = column("When the court was reminded (提醒时间).")
    court: Court = relation(models.Reminder.court, "The court (法院).", requires=CATALOGUE)
    objection: Objection | None = relation(models.Reminder.objection, "The objection, if it is of one (异议).")
    code_record: CodeRecord | None = relation(
        models.Reminder.code_record, "The blue record, if it is of a review (蓝码记录)."
    )
    batch: Batch | None = relation(models.Reminder.batch, "The month, if it is of one (批次).")
