"""Claims of subjects that a participation is not theirs (非本人申请)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where, link
from models.court import Court
from models.court_case import Participation
from models.identity_conflict import IdentityAct
from models.party import Party


class ClaimOutcome(StrEnum):
    """What the court found: somebody else took part, or the subject did."""

    ANOTHER_PERSON = "ANOTHER_PERSON"
    SAME_PERSON = "SAME_PERSON"


class IdentityClaim(Keyed):
    """A subject's claim that somebody else took part in a case under its number (R22). It suspends nothing.

    act_id: the proposal to move the participation and what rests on it; the claim ends when a second officer confirms
    it. decided_by: who found that it is the subject, or who confirmed.
    """

    __tablename__ = "identity_claim"
    __table_args__ = (
        CheckConstraint("statement <> ''", name="stated"),
        CheckConstraint("num_nulls(outcome, reason, decided_at, decided_by) IN (0, 4)", name="decided_with_reason"),
        CheckConstraint("outcome IS DISTINCT FROM 'ANOTHER_PERSON' OR act_id IS NOT NULL", name="moved_by_an_act"),
        CheckConstraint("decided_at >= filed_at", name="decided_later"),
        index_where("uq_identity_claim_open", "participation_id", where="outcome IS NULL", unique=True),
        index_where("ix_identity_claim_open", "court_code", "filed_at", where="outcome IS NULL"),
    )

    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    participation_id: Mapped[int] = mapped_column(ForeignKey("participation.id"), index=True)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    name: Mapped[str]
    statement: Mapped[str]
    filed_at: Mapped[datetime]
    act_id: Mapped[int | None] = mapped_column(ForeignKey("identity_act.id"), index=True)
    outcome: Mapped[ClaimOutcome | None]
    reason: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    party: Mapped[Party] = link()
    participation: Mapped[Participation] = link()
    court: Mapped[Court] = link()
    act: Mapped[IdentityAct | None] = link()
