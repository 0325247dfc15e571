"""Households: their points, members and benefits."""

from datetime import date

import models
from auth.scopes import Scope
from engine.declare.connections import Connection
from engine.declare.fields import column, connection, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from models.catalogue import BenefitKind
from resolvers.credit import standings
from resolvers.credit.standings import may_see_member, may_see_standing
from resolvers.visibility.about import ABOUT_PARTY
from resolvers.visibility.predicates import may_see_catalogue
from schema.credit.point_conversion import PointConversion, VillageNotice
from schema.register.household import Household
from schema.requirements import CONVERSION, NOTICE


@row_type(models.Benefit, seen_by=may_see_catalogue, requires=any_of(Scope.CATALOGUE, Scope.CONVERSION))
class Benefit(Node):
    """A benefit that is linked to moral points (关爱礼遇), from a threshold on."""

    code: str = column("Code in the catalogue (礼遇代码).")
    kind: BenefitKind = column("Finance, medical, transport, education or elderly care (类别).")
    name: str = column("Name (名称).")
    english_name: str = column("Name in English.")
    least_points: int = column("The points from which on it may be claimed (最低积分).")
    note: str = column("What the threshold rests on (说明).")
    evidence: str = column("How well it is evidenced (依据).")


@row_type(models.HouseholdMember, seen_by=may_see_member, about=ABOUT_PARTY, requires=CONVERSION)
class HouseholdMember(Node):
    """A person of a household (户内成员), without its name."""

    household: Household | None = relation(models.HouseholdMember.household, "The household (家庭).")
    relation: str = column("Relation to the head of the household (与户主关系).")
    consent_number: str = column("Number of the letter of authorisation (授权书号).")
    consented_on: date = column("Day of that letter (授权日期).")
    enrolled_on: date = column("Day of enrolment (入册日期).")
    left_on: date | None = column("The first day on which the person is no longer there (迁出日期).")


@row_type(
    standings.HouseholdStanding,
    seen_by=may_see_standing,
    about=standings.ABOUT,
    requires=any_of(Scope.CONVERSION, Scope.NOTICE),
    source=standings.select_standings,
    name="HouseholdStanding",
)
class HouseholdStanding(Node):
    """How a household stands (家庭积分状况): for the head office by what it confirmed, for a village by what it was
    told.
    """

    household_key: str = column("The key of the household (家庭编号).")
    points: int = column("Its points, summed (积分合计).")
    eligible: bool = column("Whether no veto stands against one of its members (是否可享礼遇).")
    live_vetoes: int = column("Vetoes that stand (有效否决项).", requires=CONVERSION)
    ineligible_since: date | None = column("Since when one stands (否决起始日).", requires=CONVERSION)
    benefits: list[Benefit] = relation(
        standings.BENEFITS, "The benefits that it may claim today (可享礼遇).", requires=CONVERSION
    )
    members: list[HouseholdMember] = relation(
        standings.MEMBERS, "Who belongs to it today (户内成员).", requires=CONVERSION
    )
    conversions: Connection[PointConversion] = connection(
        standings.CONVERSIONS, "Its conversions, newest first (积分转换).", requires=CONVERSION
    )
    notices: Connection[VillageNotice] = connection(
        standings.NOTICES, "What its village was told of it, newest first (村社告知).", requires=NOTICE
    )
