"""Steps with sanctions, certificates, listings, code records, notices, settlements and performances."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed
from models.court import StaffRole


class RecordStep(Keyed):
    """A step of a member of staff with one matter of one party: who, when, why. Append-only."""

    __tablename__ = "record_step"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(sanction_id, certificate_id, listing_id, code_record_id, consequence_notice_id,"
            " settlement_id, repair_performance_id) = 1",
            name="of_one_matter",
        ),
    )

    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    staff_role: Mapped[StaffRole]
    taken_at: Mapped[datetime]
    reason: Mapped[str]
    sanction_id: Mapped[int | None] = mapped_column(ForeignKey("sanction.id"), index=True)
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id"), index=True)
    listing_id: Mapped[int | None] = mapped_column(ForeignKey("listing.id"), index=True)
    code_record_id: Mapped[int | None] = mapped_column(ForeignKey("code_record.id"), index=True)
    consequence_notice_id: Mapped[int | None] = mapped_column(ForeignKey("consequence_notice.id"), index=True)
    settlement_id: Mapped[int | None] = mapped_column(ForeignKey("settlement.id"), index=True)
    repair_performance_id: Mapped[int | None] = mapped_column(ForeignKey("repair_performance.id"), index=True)
