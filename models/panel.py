"""The review panel (评审小组) of a court: its quorum, and the votes of its members on items."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed
from models.court import StaffRole

SMALLEST_QUORUM, LARGEST_QUORUM = 1, 15
"""Votes on an item. Where a court has set no quorum, the smallest one applies."""


class PanelRule(Keyed):
    """A quorum of a court's panel, in force from `set_at` until the next one. Append-only.

    reexamines: whether the panel answers an objection only after the Centre and the proposing division.
    """

    __tablename__ = "panel_rule"
    __table_args__ = (
        CheckConstraint(f"quorum BETWEEN {SMALLEST_QUORUM} AND {LARGEST_QUORUM}", name="quorum_within_limits"),
        CheckConstraint("reason <> ''", name="reasoned"),
        Index("ix_panel_rule_court", "court_code", "id"),
    )

    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    quorum: Mapped[int] = mapped_column(SmallInteger)
    reexamines: Mapped[bool] = mapped_column(server_default=false())
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    staff_role: Mapped[StaffRole]
    set_at: Mapped[datetime]
    reason: Mapped[str]


class PanelVote(Keyed):
    """A member's vote on a deduction in a batch. Append-only.

    A trigger refuses the votes of its proposer and its chief (R4).
    """

    __tablename__ = "panel_vote"
    __table_args__ = (
        UniqueConstraint("deduction_id", "staff_id"),
        CheckConstraint("reason <> ''", name="reasoned"),
    )

    deduction_id: Mapped[int] = mapped_column(ForeignKey("deduction.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    approved: Mapped[bool]
    voted_at: Mapped[datetime]
    reason: Mapped[str]
