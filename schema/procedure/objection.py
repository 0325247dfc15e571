"""Objections, and what the Centre and the proposing division say before the panel."""

from datetime import date, datetime
from typing import Any

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.court import StaffRole
from models.objection import ObjectionOutcome, ReexaminingPart
from resolvers.joins import join
from resolvers.visibility.about import ABOUT_OBJECTION
from resolvers.visibility.items import may_see_objection, may_see_reexamination
from schema.lazy_types import LazyCodeRecord, LazyDeduction, LazyListing, LazySanction
from schema.requirements import CREDIT, INTEGRITY, PROCEDURE, PUBLISHED, RECORDED, REGISTER


@row_type(models.Reexamination, seen_by=may_see_reexamination, requires=REGISTER)
class Reexamination(Node):
    """An opinion on an objection before the panel answers it (复核意见)."""

    part: ReexaminingPart = column("Whose opinion it is: the Centre's, or the proposing division's (复核部门).")
    opinion: ObjectionOutcome = column("The outcome that it proposes (建议).")
    staff_role: StaffRole = column("The role of who gave it (经办角色).")
    taken_at: datetime = column("When (时间).")
    reason: str = column("Why (理由).")


@row_type(models.Objection, seen_by=may_see_objection, about=ABOUT_OBJECTION, requires=PROCEDURE)
class Objection(Node):
    """A written objection (异议) to a deduction, a list entry, a sanction or a code record, answered within a month."""

    statement: str = column("What the subject says (异议理由).")
    filed_on: date = column("Day of filing (提出日期).")
    due_on: date = column("Day by which it is answered (答复期限).")
    outcome: ObjectionOutcome | None = column("How it ended (结果); none while it is open.")
    reasons: str | None = column("Why (理由).")
    decided_at: datetime | None = column("When it was decided (决定时间).")
    deduction: LazyDeduction | None = relation(
        models.Objection.deduction, "The item objected to (被异议的扣分).", requires=PUBLISHED
    )
    listing: LazyListing | None = relation(
        models.Objection.listing, "The list entry objected to (被异议的名单信息).", requires=INTEGRITY
    )
    sanction: LazySanction | None = relation(
        models.Objection.sanction, "The sanction objected to (被异议的制裁).", requires=CREDIT
    )
    code_record: LazyCodeRecord | None = relation(
        models.Objection.code_record, "The record objected to (被异议的信用码记录).", requires=RECORDED
    )
    reexaminations: list[Reexamination] = relation(
        join(models.Reexamination, "objection_id", many=True),
        "What the Centre and the proposing division say before the panel (复核意见).",
        requires=REGISTER,
    )


def record_objections(column: str) -> Any:
    """Declare the edge from a record to the objections to it. column: that of an objection that refers to it."""
    return relation(
        join(models.Objection, column, many=True), "Objections to it, and how they ended (异议).", requires=PROCEDURE
    )
