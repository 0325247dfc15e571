"""Performed settlements (和解、调解), on which the bonus MB2 rests (DOMAIN 5)."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed

LONGEST_DOCUMENT = 100
"""Characters of the number of a document."""


class Settlement(Keyed):
    """A settlement or mediation that a party has performed. exported_on: day of the export, for imported rows."""

    __tablename__ = "settlement"
    __table_args__ = (
        UniqueConstraint("case_number", "party_id", "document"),
        CheckConstraint("document <> ''", name="documented"),
        CheckConstraint("revoked_on >= performed_on", name="revoked_after_performed"),
    )

    case_number: Mapped[str]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("court_case.id"), index=True)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    document: Mapped[str]
    performed_on: Mapped[date]
    revoked_on: Mapped[date | None]
    exported_on: Mapped[date | None]
