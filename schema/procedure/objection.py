"""Objections."""

from datetime import date, datetime

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.objection import ObjectionOutcome
from resolvers.visibility.about import ABOUT_DEDUCTION
from resolvers.visibility.items import may_see_procedure
from schema.lazy_types import LazyDeduction
from schema.requirements import PROCEDURE, PUBLISHED


@row_type(models.Objection, seen_by=may_see_procedure, about=ABOUT_DEDUCTION, requires=PROCEDURE)
class Objection(Node):
    """A written objection against a deduction (异议), answered within a month."""

    statement: str = column("What the subject says (异议理由).")
    filed_on: date = column("Day of filing (提出日期).")
    due_on: date = column("Day by which it is answered (答复期限).")
    outcome: ObjectionOutcome | None = column("How it ended (结果); none while it is open.")
    reasons: str | None = column("Why (理由).")
    decided_at: datetime | None = column("When it was decided (决定时间).")
    deduction: LazyDeduction | None = relation(
        models.Objection.deduction, "The item objected to (被异议的扣分).", requires=PUBLISHED
    )
