"""Statistics."""

from datetime import date

import strawberry

from auth.scopes import Scope
from engine.declare.fields import argument, column, relation
from engine.declare.row_types import RowObject, row_type
from engine.policy import OPEN, any_of, require
from models.catalogue import Colour, Stage, Tier
from models.party import PartyKind
from resolvers.statistics import groups, statistic
from resolvers.statistics.dimensions import Dimension, StatisticsSortKey
from resolvers.statistics.sources import StatisticsSource
from schema.enums import declare_enum
from schema.inputs import optional
from schema.register.court import Court
from schema.register.party import Party
from schema.requirements import REGISTER, STATISTICS
from schema.scalars import Money

declare_enum(StatisticsSource, "What is counted (统计对象).")
declare_enum(Dimension, "What figures are grouped by (分组维度).", "StatisticsDimension")
declare_enum(StatisticsSortKey, "What groups are ordered by (排序).")

FORMER_BEHAVIOUR = "{}. Since 2026-11-28, until 2027-11-28: also what `item` and `audience` hold."
FORMER_OUTCOME = "{}. Since 2026-11-28, until 2027-11-28: also what `status`, `role`, `codeType` and `result` hold."


@strawberry.input(description="What is counted of it (统计筛选).")
class StatisticsFilter:
    """All conditions must hold."""

    court_code: str | None = optional("A court and all below it (法院代字).")
    from_day: date | None = optional("On or after (起始日期); of others than courts, the first day of a month.")
    to_day: date | None = optional("On or before (截止日期); of others than courts, the last day of a month.")
    as_of: date | None = optional("COLOURS: those of this day, today by default (时点).")
    division: str | None = optional("Division of a court (庭).")
    stage: Stage | None = optional("Stage (环节).")
    tier: Tier | None = optional("Tier of the behaviour (档次).")
    behaviour: str | None = optional(FORMER_BEHAVIOUR.format("Code of the behaviour (行为代码)"))
    item: str | None = optional("Code of the moral-bank item (道德银行项目).")
    colour: Colour | None = optional("Colour (颜色).")
    code_type: str | None = optional("Code of the code type (信用码类型).")
    kind: str | None = optional("Kind of list, sanction, notice or item, ground of a repair (种类).")
    role: str | None = optional("Role in the case (诉讼地位).")
    status: str | None = optional("Status (状态).")
    outcome: str | None = optional(FORMER_OUTCOME.format("Outcome (结果)"))
    result: str | None = optional("Result of the look-up (查询结果).")
    audience: str | None = optional("Audience of the client (接入类型).")
    client: str | None = optional("Name of the client (接入方).")
    village: str | None = optional("Name of the village (村社区).")
    household: str | None = optional("Key of the household (户号).")
    subject_kind: PartyKind | None = optional("Persons or organizations (主体类型).")
    least_count: int | None = optional("Only groups of at least so many (最少数量).")


@strawberry.input(description="The order of the groups (排序).")
class StatisticsOrder:
    """Groups without a value come last."""

    by: StatisticsSortKey = strawberry.field(description="A measure, or a dimension that is grouped by.")
    descending: bool = strawberry.field(default=True, description="The largest or latest first (降序).")


require(StatisticsFilter, OPEN)
require(StatisticsOrder, OPEN)


@row_type(
    statistic.Statistic,
    seen_by=statistic.may_see_statistic,
    requires=STATISTICS,
    key=None,
    source=groups.select_groups,
    name="Statistic",
)
class Statistic(RowObject):
    """The figures of one group (统计). A dimension is null unless it is grouped by.

    Others than courts get whole months that are over, counts and subjects only. Their numbers are sums of rounded
    cells: in each month, court, stage, behaviour, colour and outcome, rows and subjects are rounded to a multiple of
    five, always in the same way. Fields with `Before` are those of the period `monthsBefore` months earlier.
    """

    court: Court | None = relation(
        statistic.COURT, "COURT: the court (法院).", requires=any_of(Scope.CATALOGUE, Scope.AUDIT)
    )
    division: str | None = column("DIVISION: the division of the court that has the case (庭).")
    stage: Stage | None = column("STAGE: the stage (环节).")
    tier: Tier | None = column("TIER: the tier of the behaviour (档次).")
    behaviour: str | None = column(FORMER_BEHAVIOUR.format("BEHAVIOUR: code of the behaviour"))
    item: str | None = column("ITEM: code of the moral-bank item (道德银行项目).")
    colour: Colour | None = column("COLOUR: the colour (颜色).")
    code_type: str | None = column("CODE_TYPE: code of the code type (信用码类型).")
    kind: str | None = column("KIND: of list, sanction, notice or item; ground of a repair (种类).")
    role: str | None = column("ROLE: role in the case (诉讼地位).")
    status: str | None = column("STATUS: the status (状态).")
    outcome: str | None = column(FORMER_OUTCOME.format("OUTCOME: the outcome (结果)"))
    result: str | None = column("RESULT: the result of the look-up (查询结果).")
    audience: str | None = column("AUDIENCE: the audience of the client (接入类型).")
    client: str | None = column("CLIENT: the name of the client (接入方).")
    village: str | None = column("VILLAGE: the village (村社区).")
    household: str | None = column("HOUSEHOLD: the key of the household (户号).")
    subject_kind: PartyKind | None = column("SUBJECT_KIND: persons or organizations (主体类型).")
    party: Party | None = relation(statistic.PARTY, "SUBJECT: the person or organization (主体).", requires=REGISTER)
    month: date | None = column("MONTH: its first day; of a period before, that of the month compared with (月份).")
    day: date | None = column("DAY: the day (日期); for courts.")
    count: int | None = column("How many (数量).")
    subjects: int | None = column(
        "How many different subjects (主体数); to others than courts, different within a cell."
    )
    points: int | None = column("DEDUCTIONS, CONVERSIONS and NOTICES: points, summed; for courts (分值合计).")
    amount: Money | None = column(
        "REPAIRS: CNY performed; LOANS: lent; CREDIT_LINES: granted; SANCTIONS: fined; summed, for courts (金额合计)."
    )
    lent: Money | None = column("CREDIT_LINES: CNY lent on them, ever; summed, for courts (累计放款).")
    repaid: Money | None = column("CREDIT_LINES: CNY repaid; summed, for courts (已还金额).")
    median_days: int | None = column("The least number of days within which half of them were done (天数中位数).")
    p90_days: int | None = column("The least number of days within which 90 % of them were done (天数九成位).")
    rate: int | None = column(
        "How many of 10,000 came out well, of those that came out: 9051 is 90.51 % (比率). docs/statistics.md says "
        "what that is of each source."
    )
    count_before: int | None = column("`count` of the period before (前期数量).")
    subjects_before: int | None = column("`subjects` of the period before (前期主体数).")
    points_before: int | None = column("`points` of the period before (前期分值).")
    amount_before: Money | None = column("`amount` of the period before (前期金额).")
    lent_before: Money | None = column("`lent` of the period before (前期放款).")
    repaid_before: Money | None = column("`repaid` of the period before (前期还款).")
    median_days_before: int | None = column("`medianDays` of the period before (前期天数中位数).")
    p90_days_before: int | None = column("`p90Days` of the period before (前期天数九成位).")
    rate_before: int | None = column("`rate` of the period before (前期比率).")
    group_count: int = column(
        "How many groups there are in all: more than are listed if `first` left some out (分组总数)."
    )


ARGUMENTS = (
    argument("of", StatisticsSource, "What is counted (统计对象)."),
    argument("first", int, "How many groups, the largest first, 1 to 1000; `groupCount` says how many there are."),
    argument("group_by", list[Dimension], "What is grouped by (分组); one group of all by default.", []),
    argument("filter", StatisticsFilter | None, "What is counted of it (筛选).", None),
    argument("order_by", StatisticsOrder | None, "The order; the largest group first by default (排序).", None),
    argument(
        "months_before",
        int | None,
        "Also the figures of the period so many months earlier, 1 to 120: 12 for the year before (前期).",
        None,
    ),
)
