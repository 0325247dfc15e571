"""Queries of the moral bank and of villages."""

import strawberry

import models
from auth.scopes import Scope
from engine.declare.connections import Connection
from engine.declare.fields import argument, root, root_connection
from engine.policy import any_of
from resolvers import roots
from resolvers.credit import standings
from resolvers.visibility import about
from schema.credit.point_conversion import PointConversion, VillageNotice
from schema.credit.standing import Benefit, HouseholdStanding
from schema.partner_filters import ConversionFilter, HouseholdStandingFilter, VillageNoticeFilter
from schema.requirements import CATALOGUE, CONVERSION, NOTICE


@strawberry.type(description="What the moral bank and villages ask (道德银行查询).")
class MoralBankQuery:
    """The root fields of conversions, notices, standings and benefits."""

    point_conversions: Connection[PointConversion] = root_connection(
        roots.CONVERSIONS,
        "Conversions, newest first (积分转换).",
        requires=CONVERSION,
        about=about.ABOUT_PARTY,
        filter_type=ConversionFilter,
    )
    village_notices: Connection[VillageNotice] = root_connection(
        roots.NOTICES,
        "Notices for your village, newest first (村社告知).",
        requires=NOTICE,
        about=about.ABOUT_NOTICE,
        filter_type=VillageNoticeFilter,
    )
    household_standing: HouseholdStanding | None = root(
        standings.ROOT,
        "How a household stands (家庭积分状况).",
        argument("key", str, "The key of the household (家庭编号)."),
        requires=any_of(Scope.CONVERSION, Scope.NOTICE),
    )
    household_standings: Connection[HouseholdStanding] = root_connection(
        roots.list_everything(standings.HouseholdStanding),
        "How households stand (家庭积分状况); a village's own.",
        requires=any_of(Scope.CONVERSION, Scope.NOTICE),
        about=standings.ABOUT,
        filter_type=HouseholdStandingFilter,
    )
    benefits: list[Benefit] = root(
        roots.list_everything(models.Benefit),
        "Benefits that are linked to moral points (关爱礼遇).",
        requires=CATALOGUE,
    )
