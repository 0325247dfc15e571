"""Queries of labour-arbitration bodies, and of the courts about their reports."""

import strawberry

from auth.scopes import Scope
from engine.declare.connections import Connection
from engine.declare.fields import root_connection
from engine.declare.filters import Filters, filter_by, filter_input
from engine.policy import any_of
from models.arbitral_award import OPEN, RefusalState
from resolvers.arbitration import awards
from schema.arbitration.award import ArbitralAward, AwardRefusal

REPORTED = any_of(Scope.AWARD, Scope.REGISTER)


@filter_input
class ArbitralAwardFilter(Filters):
    """Which awards (裁决筛选)."""

    number: str | None = filter_by(ArbitralAward, "number", "Its number (文书号).")
    performed: bool | None = filter_by(
        ArbitralAward,
        "performedOn",
        "Whether it is fully performed.",
        lambda row, value: row.performed_on.is_not(None) == value,
    )


@filter_input
class AwardRefusalFilter(Filters):
    """Which refusals (拒不履行筛选)."""

    state: RefusalState | None = filter_by(AwardRefusal, "state", "Where it stands (状态).")
    open: bool | None = filter_by(
        AwardRefusal,
        "state",
        "Whether it lasts: reported or published.",
        lambda row, value: row.state.in_(OPEN) == value,
    )


@strawberry.type(description="What labour-arbitration bodies and their courts ask (仲裁查询).")
class AwardQuery:
    """The root fields of awards and refusals."""

    arbitral_awards: Connection[ArbitralAward] = root_connection(
        awards.AWARDS,
        "Awards, newest first (仲裁裁决): a body's own, and those to be enforced at a court and the courts below it.",
        requires=REPORTED,
        about=awards.ABOUT_AWARD,
        filter_type=ArbitralAwardFilter,
    )
    award_refusals: Connection[AwardRefusal] = root_connection(
        awards.REFUSALS,
        "Refusals to perform awards, newest first (拒不履行报告): a body's own, and those to a court.",
        requires=REPORTED,
        about=awards.ABOUT_REFUSAL,
        filter_type=AwardRefusalFilter,
    )
