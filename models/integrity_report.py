"""Judicial integrity reports (司法诚信报告), signed and shown by their subject."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link
from models.consent import ShareCode


class IntegrityReport(Keyed):
    """A report on the content of its share code when it was issued. The content is not stored.

    client_key: the portal that issued it. signature: a detached JWS (RFC 7515, appendix F) over the content; the report
    is valid as long as it matches the courts' data (docs/adr/0020).
    """

    __tablename__ = "integrity_report"
    __table_args__ = (
        CheckConstraint("signature LIKE '_%..%_'", name="detached"),
        CheckConstraint("(views > 0) = (last_viewed_at IS NOT NULL) AND views >= 0", name="views"),
    )

    share_code_id: Mapped[int] = mapped_column(ForeignKey("share_code.id"), unique=True)
    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    signature: Mapped[str]
    views: Mapped[int] = mapped_column(server_default=text("0"))
    last_viewed_at: Mapped[datetime | None]

    share_code: Mapped[ShareCode] = link()
