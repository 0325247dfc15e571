"""Measures that the city's credit platform recognises."""

from datetime import date

import models
from engine.declare.fields import column, computed, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.measure import MeasureStatus
from resolvers.credit import measures
from resolvers.credit.match_keys import NEEDS, read_code, read_keys
from resolvers.visibility.about import ABOUT_MEASURE
from resolvers.visibility.items import may_see_measure
from schema.credit.code_record import CodeRecord
from schema.register.party import Party
from schema.requirements import MEASURE


@row_type(models.Measure, seen_by=may_see_measure, about=ABOUT_MEASURE, requires=MEASURE)
class Measure(Node):
    """A record as it was given to the credit platform (互认措施). Of a withdrawn one nothing else is left."""

    status: MeasureStatus = column("Where it stands (状态).")
    published_on: date = column("Day it was given to the platform (推送日期).")
    recognised_on: date | None = column("Day the platform recognised it (互认日期).")
    withdrawn_on: date | None = column("Day the court withdrew it (撤回日期).")
    match_keys: list[str] = computed(
        read_keys,
        "Of a person, one key for each document, by which you find it among your own (匹配码): the version of your "
        "secret, a point, and HMAC-SHA-256 of the document's number. Empty for organizations, and once it has ended.",
        *NEEDS,
    )
    organization_code: str | None = computed(
        read_code,
        "Of an organization, its code (统一社会信用代码); none once the record has ended.",
        *NEEDS,
    )
    record: CodeRecord | None = relation(models.Measure.code_record, "The record (信用码记录); none once it has ended.")
    party: Party | None = relation(
        measures.PARTY, "The subject (主体), persons masked; none once the record has ended."
    )
