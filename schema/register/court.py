"""Courts."""

from datetime import date, datetime
from typing import Optional

import sqlalchemy as sa

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.relations import Order
from engine.declare.row_types import RowObject, row_type
from models.policy_profile import PolicyProfile
from resolvers.joins import join
from resolvers.procedure.panel import RULES
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


@row_type(models.Court, seen_by=may_see_catalogue, requires=CATALOGUE, key="code")
class Court(Node):
    """A court (法院)."""

    code: str = column("Its code in case numbers (法院代字), such as 浙0281; lower courts extend it.")
    name: str = column("Full name (法院名称).")
    division: str | None = column("Administrative division by GB/T 2260 (行政区划代码).")
    masks_organizations: bool = column(
        "Whether the public sees names of organizations masked where this court published about them (单位名称脱敏)."
    )
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
    divisions: list[Division] = relation(
        models.Court.divisions, "Its divisions, for its staff and the courts above it (庭室).", requires=REGISTER
    )
