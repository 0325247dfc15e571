"""Repairs."""

from datetime import date, datetime

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.repair import RepairGround, RepairOutcome
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.items import may_see_performance, may_see_repair
from schema.lazy_types import LazyCodeRecord, LazyDeduction
from schema.procedure.record_step import RecordStep, record_steps
from schema.requirements import PROCEDURE, PUBLISHED, RECORDED
from schema.scalars import Money


@row_type(models.Repair, seen_by=may_see_repair, about=ABOUT_PARTY, requires=PROCEDURE)
class Repair(Node):
    """An application for credit repair (信用修复)."""

    ground: RepairGround = column("Why it is asked for (事由).")
    commitment: str = column("What the subject commits itself to (信用承诺).")
    amount_performed: Money = column("What was performed, in CNY (履行金额).")
    evidence_document: str | None = column("The document that shows it (履行凭证或和解协议).")
    applied_on: date = column("Day of application (申请日期).")
    outcome: RepairOutcome | None = column("How it ended (结果); none while it is open.")
    new_end: date | None = column("SHORTENED only: the new last day of publicity (缩短后期满日).")
    reasons: str | None = column("Why (理由).")
    decided_at: datetime | None = column("When it was decided (决定时间).")
    deduction: LazyDeduction | None = relation(
        models.Repair.deduction, "The item to be repaired, if it is one (扣分).", requires=PUBLISHED
    )
    code_record: LazyCodeRecord | None = relation(
        models.Repair.code_record, "The record to be repaired, if it is one (信用码记录).", requires=RECORDED
    )


@row_type(models.RepairPerformance, seen_by=may_see_performance, about=ABOUT_PARTY, requires=PROCEDURE)
class RepairPerformance(Node):
    """An amount that was performed after a blue repair (修复后履行)."""

    amount: Money = column("What was performed, in CNY (履行金额).")
    performed_on: date = column("Day of performance (履行日期).")
    document: str = column("Number of the receipt (履行凭证).")
    revoked_on: date | None = column("Day on which it was taken back as recorded wrongly (撤销日期).")
    steps: list[RecordStep] = record_steps("repair_performance_id")
