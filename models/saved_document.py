"""Documents that officers save on the court's dashboard."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

MOST_DOCUMENTS = 50
"""The maximum number of documents of an officer."""

MOST_TITLE, MOST_LETTERS = 60, 12_000


class SavedDocument(Base):
    """A GraphQL document of an officer, under a title. is_shared: whether the officers of the court see it."""

    __tablename__ = "saved_document"
    __table_args__ = (
        UniqueConstraint("staff_id", "title"),
        CheckConstraint(f"length(title) BETWEEN 1 AND {MOST_TITLE}", name="titled"),
        CheckConstraint(f"length(document) BETWEEN 1 AND {MOST_LETTERS}", name="written"),
        Index("ix_saved_document_shared", "court_code", postgresql_where="is_shared"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    title: Mapped[str]
    document: Mapped[str]
    is_shared: Mapped[bool]
    saved_at: Mapped[datetime]
