"""Events."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

import models
from auth.policy import all_of, any_of
from auth.scopes import Scope
from models.event import EventKind
from schema.connection import enter_connection
from schema.declaring import row_type
from schema.fields import column, relation
from schema.node import Node
from schema.requirements import KNOWN_PARTY

if TYPE_CHECKING:
    from schema.party import Party

OWN = any_of(Scope.REGISTER, Scope.SELF)
"""Partners are not told of every event: a count would say how many there were."""


@row_type(
    models.Event,
    requires=all_of(Scope.EVENT),
    description="That something changed for a subject (变更事件): neither what nor why, which is asked for.",
)
class Event(Node):
    """An event."""

    kind: EventKind = column("kind", "What happened (事件类型).")
    sequence: int = column(
        "sequence", "Its place among the events of its subject, from one, without gaps (序号).", requires=OWN
    )
    occurred_at: datetime = column("occurred_at", "When (发生时间).")
    party: Annotated["Party", strawberry.lazy("schema.party")] | None = relation(
        models.Event.party, "Its subject (主体).", requires=KNOWN_PARTY
    )


enter_connection(Event)
