"""Watches."""

from datetime import datetime

import models
from engine.declare.fields import column, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import RowObject, row_type
from models.party import PartyKind
from models.watch import WatchOutcome
from resolvers.partners import watches
from resolvers.visibility.about import ABOUT_WATCH
from resolvers.visibility.predicates import may_see_bank_row, may_see_watch_line
from schema.requirements import WATCH


@row_type(models.Watch, seen_by=may_see_bank_row, about=ABOUT_WATCH, requires=WATCH)
class Watch(Node):
    """A subject of whose changes you are told (贷后监测), whoever knows it."""

    reference: str = column("Your own reference, which every event carries (机构业务编号).")
    kind: PartyKind = column("Person or organization (主体类型).")
    live: bool = expression(watches.is_live, "Whether you are told of changes now: a person's consent lives (有效).")
    created_at: datetime = column("Since when (起始时间).")
    ended_at: datetime | None = column("When you ended it (终止时间).")


@row_type(models.WatchLine, seen_by=may_see_watch_line, key=None, requires=WATCH)
class WatchLine(RowObject):
    """What came of one subject of an order (监测委托明细). Without consent, known and unknown look alike."""

    reference: str = column("Your own reference (机构业务编号).")
    outcome: WatchOutcome = column("What came of it (结果).")
    watch: Watch | None = relation(models.WatchLine.watch, "The watch, where there is one (监测).")
    replaced: str | None = column(
        "Your reference under which the subject was watched before this line (原机构业务编号);"
        " none where it was not watched, or under the same one."
    )
