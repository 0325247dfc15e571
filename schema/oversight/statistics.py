"""Statistics."""

from datetime import date

import strawberry

from auth.scopes import Scope
from engine.declare.fields import argument, column, relation
from engine.declare.row_types import RowObject, row_type
from engine.policy import OPEN, any_of, require
from models.catalogue import Colour, Stage
from resolvers.oversight import statistics
from resolvers.oversight.statistics import may_see_statistic
from resolvers.oversight.statistics_dimensions import Dimension
from resolvers.oversight.statistics_sources import StatisticsSource
from schema.inputs import optional
from schema.register.court import Court
from schema.requirements import STATISTICS
from schema.scalars import Money

strawberry.enum(StatisticsSource, description="What is counted (统计对象).")
strawberry.enum(Dimension, name="StatisticsDimension", description="What figures are grouped by (分组维度).")


@strawberry.input(description="What is counted of it (统计筛选).")
class StatisticsFilter:
    """All conditions must hold."""

    court_code: str | None = optional("A court and all below it (法院代字).")
    from_day: date | None = optional("On or after (起始日期); of others than courts, the first day of a month.")
    to_day: date | None = optional("On or before (截止日期); of others than courts, the last day of a month.")
    stage: Stage | None = optional("Stage (环节).")
    colour: Colour | None = optional("Colour (颜色).")
    outcome: str | None = optional("Status, outcome, role or code type (结果).")


require(StatisticsFilter, OPEN)


@row_type(
    statistics.Statistic,
    seen_by=may_see_statistic,
    requires=STATISTICS,
    key=None,
    source=statistics.select_groups,
    name="Statistic",
)
class Statistic(RowObject):
    """The figures of one group (统计).

    Others than courts get whole months that are over, and no sums of points and amounts. Their numbers are sums of
    rounded cells: in each month, court, stage, behaviour, colour and outcome, rows and subjects are rounded to a
    multiple of five, always in the same way.
    """

    court: Court | None = relation(
        statistics.COURT, "COURT: the court (法院).", requires=any_of(Scope.CATALOGUE, Scope.AUDIT)
    )
    stage: Stage | None = column("STAGE: the stage (环节).")
    behaviour: str | None = column("BEHAVIOUR: code of the behaviour or item; of look-ups, the audience.")
    colour: Colour | None = column("COLOUR: the colour (颜色).")
    outcome: str | None = column("OUTCOME: status, outcome, role or code type (结果).")
    month: date | None = column("MONTH: its first day (月份).")
    day: date | None = column("DAY: the day (日期); for courts.")
    count: int | None = column("How many (数量).")
    subjects: int | None = column(
        "How many different subjects (主体数); to others than courts, different within a cell."
    )
    points: int | None = column("DEDUCTIONS and CONVERSIONS: points, summed; for courts (分值合计).")
    group_count: int = column(
        "How many groups there are in all: more than are listed if `first` left some out (分组总数)."
    )
    amount: Money | None = column("REPAIRS: CNY performed, summed; for courts (履行金额合计).")


ARGUMENTS = (
    argument("of", StatisticsSource, "What is counted (统计对象)."),
    argument("first", int, "How many groups, the largest first, 1 to 1000; `groupCount` says how many there are."),
    argument("group_by", list[Dimension], "What is grouped by (分组); one group of all by default.", []),
    argument("filter", StatisticsFilter | None, "What is counted of it (筛选).", None),
)
