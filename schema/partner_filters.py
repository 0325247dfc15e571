"""Filters of the lists of partners."""

from datetime import date, datetime

import sqlalchemy as sa

from auth.audiences import Audience
from engine.declare.filters import Filters, filter_by, filter_input
from models.catalogue import Colour, ItemKind
from models.event import EventKind
from models.grading import RiskGrade
from models.party import PartyKind
from models.point_conversion import ConversionStatus
from models.risk_report import RiskKind
from resolvers.credit import standings
from resolvers.partners import credit_lines, portfolio
from schema.credit.point_conversion import PointConversion, VillageNotice
from schema.credit.standing import HouseholdStanding
from schema.oversight.forwarded_dispute import ForwardedDispute
from schema.oversight.risk_report import RiskReport
from schema.partners.consent import Consent
from schema.partners.consent_audit import ConsentAudit
from schema.partners.incentive_loan import CreditLine
from schema.partners.watch import PortfolioEntry, Watch


@filter_input
class ConsentFilter(Filters):
    """Which consents (授权筛选)."""

    reference: str | None = filter_by(Consent, "reference", "Number of the letter (授权书编号).")
    valid_at: datetime | None = filter_by(
        Consent,
        "validTo",
        "Live at this moment (有效于).",
        lambda row, value: sa.and_(
            row.valid_from <= value, row.valid_to > value, row.revoked_at.is_(None), row.suspended_at.is_(None)
        ),
    )


@filter_input
class ConsentAuditFilter(Filters):
    """Which audits of letters (授权书核验筛选)."""

    open: bool | None = filter_by(
        ConsentAudit, "finding", "Whether they await a finding.", lambda row, value: row.finding.is_(None) == value
    )
    disputed: bool | None = filter_by(
        ConsentAudit,
        "disputedAt",
        "Whether the subject disputes the letter.",
        lambda row, value: row.disputed_at.is_not(None) == value,
    )


@filter_input
class WatchFilter(Filters):
    """Which watches (监测筛选)."""

    reference: str | None = filter_by(Watch, "reference", "Your own reference (机构业务编号).")
    open: bool | None = filter_by(
        Watch, "endedAt", "Whether they have not ended.", lambda row, value: row.ended_at.is_(None) == value
    )


@filter_input
class PortfolioFilter(Filters):
    """Which customers (贷后客户筛选)."""

    reference: str | None = filter_by(PortfolioEntry, "reference", "Your own reference (机构业务编号).")
    kind: PartyKind | None = filter_by(PortfolioEntry, "kind", "Persons or organizations (主体类型).")
    colour: Colour | None = filter_by(
        PortfolioEntry, "colour", "Colour (颜色).", lambda row, value: portfolio.colour(row, Audience.BANK) == value
    )
    grade: RiskGrade | None = filter_by(
        PortfolioEntry, "grade", "Grade (等级).", lambda row, value: portfolio.grade(row, Audience.BANK) == value
    )
    last_change: EventKind | None = filter_by(PortfolioEntry, "lastChange", "The last event (最近变更).")
    month: date | None = filter_by(
        PortfolioEntry,
        "month",
        "The first of the month of the last event (变更月份).",
        lambda row, value: portfolio.month(row, Audience.BANK) == value,
    )


@filter_input
class ForwardedDisputeFilter(Filters):
    """Which forwarded disputes (异议转交筛选)."""

    open: bool | None = filter_by(
        ForwardedDispute,
        "response",
        "Whether they await an answer.",
        lambda row, value: row.response.is_(None) == value,
    )


@filter_input
class RiskReportFilter(Filters):
    """Which reports of risks (预警反馈筛选)."""

    open: bool | None = filter_by(
        RiskReport, "response", "Whether they await an answer.", lambda row, value: row.response.is_(None) == value
    )
    kind: RiskKind | None = filter_by(RiskReport, "kind", "What was noticed (风险类型).")


@filter_input
class ConversionFilter(Filters):
    """Which conversions (积分转换筛选)."""

    status: ConversionStatus | None = filter_by(PointConversion, "status", "Where it stands (状态).")
    month: date | None = filter_by(PointConversion, "month", "The first of a month (月份).")
    kind: ItemKind | None = filter_by(PointConversion, "item", "Kind of its item (项目类别).", standings.is_of_kind)
    item: str | None = filter_by(
        PointConversion, "item", "Code of its item, such as MD3 (项目代码).", standings.is_of_item
    )
    household_key: str | None = filter_by(
        PointConversion, "household", "The key of its household (家庭编号).", standings.is_of_household
    )
    village: str | None = filter_by(
        PointConversion, "household", "Name of its village (村社名称).", standings.is_of_village
    )


@filter_input
class VillageNoticeFilter(Filters):
    """Which notices (村社告知筛选)."""

    acknowledged: bool | None = filter_by(
        VillageNotice,
        "acknowledgedAt",
        "Whether the village has acknowledged them (是否签收).",
        lambda row, value: row.acknowledged_at.is_not(None) == value,
    )
    category: ItemKind | None = filter_by(VillageNotice, "category", "Category (类别).")
    month: date | None = filter_by(VillageNotice, "month", "The first of a month (月份).")


@filter_input
class HouseholdStandingFilter(Filters):
    """Which households (家庭积分状况筛选)."""

    eligible: bool | None = filter_by(
        HouseholdStanding, "eligible", "Whether no veto stands against one of its members (是否可享礼遇)."
    )
    least_points: int | None = filter_by(
        HouseholdStanding, "points", "With these points or more (最低积分).", lambda row, value: row.points >= value
    )
    village: str | None = filter_by(
        HouseholdStanding, "householdKey", "Name of its village (村社名称).", standings.is_in_village
    )
    benefit: str | None = filter_by(
        HouseholdStanding, "eligible", "May claim the benefit of this code (可享礼遇代码).", standings.may_claim
    )


@filter_input
class CreditLineFilter(Filters):
    """Which credit lines (授信筛选)."""

    open: bool | None = filter_by(
        CreditLine,
        "open",
        "Whether they can be drawn on today (可用).",
        lambda row, value: credit_lines.is_open(row) == value,
    )
    reference: str | None = filter_by(CreditLine, "reference", "Your own reference (机构业务编号).")
