"""Performance certificates."""

from datetime import date

import models
from engine.declare.fields import column, expression
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from resolvers.visibility import masking
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.items import may_see_certificate
from schema.procedure.record_change import RecordChange, record_changes
from schema.procedure.record_step import RecordStep, record_steps
from schema.requirements import INTEGRITY


@row_type(models.Certificate, seen_by=may_see_certificate, about=ABOUT_PARTY, requires=INTEGRITY)
class Certificate(Node):
    """A certificate of automatic performance (自动履行证明书)."""

    number: str = column("Its number (证明书编号).")
    case_number: str | None = expression(masking.listed_case_number, "The case whose obligation was performed (案号).")
    performed_on: date = column("Day the obligation was performed (履行完毕日期).")
    issued_on: date = column("Day of issue (出具日期).")
    revoked_on: date | None = column("Day it was revoked (撤销日期).")
    steps: list[RecordStep] = record_steps("certificate_id")
    changes: list[RecordChange] = record_changes("certificate_id")
