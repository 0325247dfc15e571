"""The judge's desk: prompt marks and transfers of cases, the quorum of panels, and the votes of their members."""

from datetime import datetime

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.catalogue import Colour
from models.court import StaffRole
from resolvers.visibility.about import ABOUT_DEDUCTION, ABOUT_PARTY
from resolvers.visibility.items import may_see_own_court, may_see_vote
from schema.lazy_types import LazyParty
from schema.register.division import Division
from schema.requirements import REGISTER


@row_type(models.CaseMark, seen_by=may_see_own_court, about=ABOUT_PARTY, requires=REGISTER)
class CaseMark(Node):
    """A prompt that a litigant of a case was not green when it was marked (提示标记), for the case's division."""

    colour: Colour = column("The litigant's colour when it was marked, suspicions included (标记时颜色).")
    reason: str = column("Why (提示理由).")
    staff_role: StaffRole = column("The role of who marked it (标记角色).")
    marked_at: datetime = column("When (标记时间).")
    party: LazyParty | None = relation(models.CaseMark.party, "The litigant (当事人).")


@row_type(models.CaseTransfer, seen_by=may_see_own_court, requires=REGISTER)
class CaseTransfer(Node):
    """A transfer of a case to a division: who, when, why (案件移送)."""

    source: Division | None = relation(models.CaseTransfer.source, "The division that had it, if any (移出庭室).")
    target: Division = relation(models.CaseTransfer.target, "The division that has it from then on (移入庭室).")
    staff_role: StaffRole = column("The role of who transferred it (经办角色).")
    taken_at: datetime = column("When (时间).")
    reason: str = column("Why (理由).")


@row_type(models.PanelRule, seen_by=may_see_own_court, requires=REGISTER)
class PanelRule(Node):
    """A quorum of a court's review panel, in force until the next one (评审小组议事规则)."""

    quorum: int = column("The least number of votes by which an item is decided (法定人数).")
    reexamines: bool = column("Whether objections are re-examined before the panel answers them (先行复核).")
    staff_role: StaffRole = column("The role of who set it (设定角色).")
    set_at: datetime = column("When (时间).")
    reason: str = column("Why (理由).")


@row_type(models.PanelVote, seen_by=may_see_vote, about=ABOUT_DEDUCTION, requires=REGISTER)
class PanelVote(Node):
    """The vote of one member of the panel on one item (表决)."""

    approved: bool = column("Whether the member would pass it (是否同意).")
    voted_at: datetime = column("When (时间).")
    reason: str = column("Why (理由).")
