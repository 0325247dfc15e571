"""Watches."""

from datetime import date, datetime

import models
from auth.scopes import Scope
from engine.declare.fields import column, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import RowObject, row_type
from engine.policy import all_of
from models.catalogue import Colour
from models.event import EventKind
from models.grading import RiskGrade
from models.party import PartyKind
from models.watch import WatchOutcome
from resolvers.credit import grading
from resolvers.partners import portfolio, watches
from resolvers.register import subjects
from resolvers.visibility.about import ABOUT_WATCH
from resolvers.visibility.predicates import may_see_bank_row, may_see_watch_line
from schema.credit.grading import RiskAssessment
from schema.register.party import Party
from schema.requirements import CREDIT, KNOWN_PARTY, WATCH


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


@row_type(
    portfolio.PortfolioEntry,
    seen_by=portfolio.may_see_entry,
    about=portfolio.ABOUT,
    requires=all_of(Scope.WATCH, Scope.PERSON_CREDIT, Scope.ORGANIZATION),
    source=portfolio.select_entries,
    name="PortfolioEntry",
)
class PortfolioEntry(Node):
    """A customer whom you watch, as it stands today (贷后客户). Colour, grade and changes are null where the purpose
    and the customer's consent do not open them, and where courts know nobody of this name and number: both look alike.
    """

    reference: str = column("Your own reference (机构业务编号).")
    kind: PartyKind = column("Person or organization (主体类型).")
    created_at: datetime = column("Since when it is watched (起始时间).")
    colour: Colour | None = expression(portfolio.colour, "Its colour today (信用码颜色).")
    grade: RiskGrade | None = expression(
        portfolio.grade, "Its grade today (风险等级); null too where courts give none."
    )
    last_change: EventKind | None = column("The last event that you were told of (最近变更).")
    changed_on: date | None = column("The court's day of that event (变更日期).")
    month: date | None = expression(portfolio.month, "The first of the month of that event (变更月份).")
    risk: RiskAssessment | None = relation(
        grading.GRADE, "The grade with its reasons (风险等级及理由).", requires=CREDIT
    )
    party: Party | None = relation(
        subjects.PARTY, "The customer, with all that you may see (主体).", requires=KNOWN_PARTY
    )
