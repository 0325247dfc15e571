"""Settlements."""

from datetime import date

import models
from engine.declare.fields import column
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.items import may_see_own_court
from schema.procedure.record_change import RecordChange, record_changes
from schema.requirements import REGISTER


@row_type(models.Settlement, seen_by=may_see_own_court, about=ABOUT_PARTY, requires=REGISTER)
class Settlement(Node):
    """A settlement or mediation that a party has performed (和解、调解已履行)."""

    case_number: str = column("Number of the case (案号).")
    document: str = column("Number of the document (文书号).")
    performed_on: date = column("Day of performance (履行完毕日期).")
    revoked_on: date | None = column("Day on which it was taken back (撤销日期).")
    changes: list[RecordChange] = record_changes("settlement_id")
