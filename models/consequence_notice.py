"""Legal-consequence notices (法律后果告知书), served before enforcement."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link
from models.court_case import CourtCase
from models.party import Party


class ConsequenceNotice(Keyed):
    """A notice served on a participant of a case. Only the SHA-256 of the document is stored."""

    __tablename__ = "consequence_notice"
    __table_args__ = (
        UniqueConstraint("court_code", "number", name="uq_consequence_notice_court_code"),
        CheckConstraint("octet_length(digest) = 32", name="hashed"),
    )

    number: Mapped[str]
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    case_id: Mapped[int] = mapped_column(ForeignKey("court_case.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    served_on: Mapped[date]
    digest: Mapped[bytes]
    issued_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    issued_at: Mapped[datetime]

    case: Mapped[CourtCase] = link()
    party: Mapped[Party] = link()
