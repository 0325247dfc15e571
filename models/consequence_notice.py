"""Legal-consequence notices (法律后果告知书), served before enforcement by courts and labour-arbitration bodies."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.arbitral_award import ArbitralAward
from models.base import Keyed, index_where, link
from models.court_case import CourtCase
from models.party import Party


class ConsequenceNotice(Keyed):
    """A notice served on a participant of a case, or on the debtor of an award. Only the SHA-256 of the document is
    stored. party_id: null only for the debtor of an award that is no party. client_key: the body that served it.
    """

    __tablename__ = "consequence_notice"
    __table_args__ = (
        index_where("uq_consequence_notice_case", "court_code", "number", where="case_id IS NOT NULL", unique=True),
        index_where("uq_consequence_notice_award", "client_key", "number", where="award_id IS NOT NULL", unique=True),
        CheckConstraint("num_nonnulls(case_id, award_id) = 1", name="of_one_matter"),
        CheckConstraint("num_nonnulls(issued_by, client_key) = 1", name="by_one"),
        CheckConstraint("(award_id IS NULL) = (client_key IS NULL)", name="bodies_for_awards"),
        CheckConstraint("party_id IS NOT NULL OR award_id IS NOT NULL", name="served_on_somebody"),
        CheckConstraint("octet_length(digest) = 32", name="hashed"),
    )

    number: Mapped[str]
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("court_case.id"), index=True)
    award_id: Mapped[int | None] = mapped_column(ForeignKey("arbitral_award.id"), index=True)
    client_key: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    served_on: Mapped[date]
    digest: Mapped[bytes]
    issued_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    issued_at: Mapped[datetime]

    case: Mapped[CourtCase | None] = link()
    award: Mapped[ArbitralAward | None] = link()
    party: Mapped[Party | None] = link()
