"""Code records."""

from datetime import date
from typing import Optional

import models
from engine.declare.fields import column, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.catalogue import Colour
from models.code_record import CloseReason
from resolvers.procedure.record_steps import PERFORMANCES, is_contested
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.items import may_see_code_record
from schema.credit.catalogue import CodeType
from schema.lazy_types import LazyCase, LazyCertificate, LazyDeduction, LazyListing, LazySanction
from schema.procedure.objection import Objection, record_objections
from schema.procedure.record_step import RecordStep, record_steps
from schema.procedure.repair import RepairPerformance
from schema.register.court import Court
from schema.requirements import CASE, CATALOGUE, CREDIT, INTEGRITY, PROCEDURE, RECORDED


@row_type(models.CodeRecord, seen_by=may_see_code_record, about=ABOUT_PARTY, requires=RECORDED)
class CodeRecord(Node):
    """A reason for a colour (信用码记录). Yellow is warning information; blue repairs a yellow one."""

    colour: Colour = column("The colour it gives (颜色).")
    type: CodeType = relation(models.CodeRecord.code_type, "What kind of record it is (类型).", requires=CATALOGUE)
    effective_on: date = column("First day of effect (生效日期).")
    ends_on: date | None = column("Last day of its term (期满日期); none where the term is open.")
    closed_on: date | None = column("Day it ended before its term (终止日期).")
    close_reason: CloseReason | None = column("Why it ended before its term (终止原因).")
    court: Court = relation(models.CodeRecord.court, "The court that recorded it (记录法院).", requires=CATALOGUE)
    case: LazyCase | None = relation(models.CodeRecord.case, "The case it comes from (来源案件).", requires=CASE)
    repaired: Optional["CodeRecord"] = relation(
        models.CodeRecord.repaired, "Blue only: the yellow record it repairs (被修复记录)."
    )
    sanction: LazySanction | None = relation(
        models.CodeRecord.sanction, "The sanction behind it (制裁决定).", requires=CREDIT
    )
    listing: LazyListing | None = relation(
        models.CodeRecord.listing, "The list entry behind it (名单信息).", requires=INTEGRITY
    )
    certificate: LazyCertificate | None = relation(
        models.CodeRecord.certificate, "The certificate behind it (履行证明).", requires=INTEGRITY
    )
    deduction: LazyDeduction | None = relation(
        models.CodeRecord.deduction, "The deduction behind it (扣分记录).", requires=CREDIT
    )
    performances: list[RepairPerformance] = relation(
        PERFORMANCES, "Blue only: what was performed since the repair (修复后履行).", requires=PROCEDURE
    )
    under_objection: bool = expression(
        is_contested("code_record_id"), "Whether an objection to it is open (异议处理中); it stays in force."
    )
    objections: list[Objection] = record_objections("code_record_id")
    steps: list[RecordStep] = record_steps("code_record_id")
