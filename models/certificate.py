"""Performance certificates (自动履行证明书), on which gold records rest (R11)."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, index_where
from models.publicity import Public

GOLD_TYPE = "A01"
"""The code type of a certificate's record."""

LONGEST_NUMBER = 100
"""Characters of a certificate's number."""


class Certificate(Public, Keyed):
    """A certificate that an obligation was performed before enforcement."""

    __tablename__ = "certificate"
    __table_args__ = (
        CheckConstraint("issued_on >= performed_on", name="issued_after_performed"),
        index_where("ix_certificate_untied", "case_number", where="case_id IS NULL AND case_number <> ''"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    case_number: Mapped[str]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("court_case.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    performed_on: Mapped[date]
    issued_on: Mapped[date]
    revoked_on: Mapped[date | None]
    exported_on: Mapped[date | None]
