"""Events."""

from datetime import datetime

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.event import EventKind
from resolvers.partners import events
from resolvers.visibility.about import ABOUT_EVENT
from resolvers.visibility.predicates import may_see_event
from schema.lazy_types import LazyParty
from schema.partners.bulk_operation import BulkOperation
from schema.partners.consent import KNOWN_CONSENT, Consent
from schema.requirements import BULK, COURT_OR_SUBJECT, EVENT, KNOWN_PARTY


@row_type(models.Event, seen_by=may_see_event, about=ABOUT_EVENT, source=events.select_events, requires=EVENT)
class Event(Node):
    """That something changed for a subject (变更事件): neither what nor why, which is asked for."""

    kind: EventKind = column("What happened (事件类型).")
    reference: str | None = column(
        "Partners: your own reference for the subject, from your watch or look-up (机构业务编号)."
    )
    sequence: int | None = column(
        "Its place among the events of its party, from one, without gaps (序号); none of a consent's.",
        requires=COURT_OR_SUBJECT,  # partners must not see the number of a party's events
    )
    occurred_at: datetime = column("When (发生时间).")
    party: LazyParty | None = relation(
        models.Event.party, "Its subject (主体), as far as it is yours to see.", requires=KNOWN_PARTY
    )
    consent: Consent | None = relation(
        models.Event.consent, "The consent that it is about (授权).", requires=KNOWN_CONSENT
    )
    bulk_operation: BulkOperation | None = relation(
        models.Event.bulk_operation, "The bulk operation that has ended (批量作业).", requires=BULK
    )
