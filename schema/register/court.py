"""Courts."""

from datetime import date, datetime
from typing import Optional

import sqlalchemy as sa
import strawberry

import models
from casework.policy_profiles import ChangedEnd
from engine.declare.directives import RequiresScopes
from engine.declare.fields import Info, argument, column, derived, relation
from engine.declare.nodes import Node
from engine.declare.opaque import seal
from engine.declare.relations import Order
from engine.declare.row_types import RowObject, row_type
from engine.policy import require
from models.listing import ListingGrade
from models.policy_profile import PolicyProfile
from resolvers.joins import join
from resolvers.procedure.panel import RULES
from resolvers.register.profile_previews import preview_profile
from resolvers.visibility.predicates import may_see_catalogue
from schema.procedure.desk import PanelRule
from schema.register.division import Division
from schema.requirements import CATALOGUE, REGISTER

NEWEST = Order(("begins_on",), descending=True, total=True)


@row_type(models.CourtProfile, seen_by=may_see_catalogue, requires=CATALOGUE, key=None, name="CourtProfile")
class CourtProfile(RowObject):
    """Rules of publicity and repair that a court applies from a day on (政策文件)."""

    profile: PolicyProfile = column("Which rules (规则).")
    begins_on: date = column("Its first day (施行日期).")
    declared_at: datetime = column("When it was declared (公布时间).")


def _id(root: strawberry.Parent[ChangedEnd], info: Info) -> strawberry.ID:
    noun = models.Deduction if root.kind == "DEDUCTION" else models.Listing
    return strawberry.ID(seal(f"{noun.__name__}:{root.key}".encode(), info.context.caller.keyring.opaque_key))


@strawberry.type(
    description="An item whose publicity a policy profile would shorten (政策变更影响).",
    directives=[RequiresScopes.of(REGISTER)],
)
class ProfileChange:
    """A new end."""

    item_id: strawberry.ID = strawberry.field(
        resolver=_id, description="The item: a deduction or an entry of a debtor (事项); `node` shows it."
    )
    grade: ListingGrade = strawberry.field(description="Its grade, which decides its term (等级).")
    ends_on: date | None = strawberry.field(description="Its last day of publicity now (现公示期满日).")
    new_end: date = strawberry.field(description="Its last day by the profile (变更后公示期满日).")


require(ProfileChange, REGISTER)


@row_type(models.Court, seen_by=may_see_catalogue, requires=CATALOGUE, key="code")
class Court(Node):
    """A court (法院)."""

    code: str = column("Its code in case numbers (法院代字), such as 浙0281; lower courts extend it.")
    name: str = column("Full name (法院名称).")
    division: str | None = column("Administrative division by GB/T 2260 (行政区划代码).")
    masks_organizations: bool = column(
        "Whether the public sees names of organizations masked where this court published about them (单位名称脱敏)."
    )
    gives_grades: bool = column("Whether banks get a risk grade of whom this court has published about (提供风险等级).")
    parent: Optional["Court"] = relation(models.Court.parent, "The court above it (上级法院).")
    panel_rules: list[PanelRule] = relation(
        RULES,
        "The quorums of its panel, newest first (评审小组议事规则); one vote decides where none is set.",
        requires=REGISTER,
    )
    policy_profiles: list[CourtProfile] = relation(
        join(models.CourtProfile, "court_code", "code", sa.Text(), many=True, BEGINS=NEWEST),
        "Its policy profiles, newest first (政策文件适用); LOCAL_2021 where none is declared.",
    )
    profile_preview: list[ProfileChange] = derived(
        preview_profile,
        "What a policy profile would shorten if it began on a day, by case number, for its staff and the courts above "
        "it; nothing is changed (政策变更预览).",
        argument("profile", PolicyProfile, "The profile (政策文件)."),
        argument("begins_on", date, "Its first day (施行日期)."),
        requires=REGISTER,
    )
    divisions: list[Division] = relation(
        models.Court.divisions, "Its divisions, for its staff and the courts above it (庭室).", requires=REGISTER
    )
