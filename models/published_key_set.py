"""What was found at the addresses where clients publish their keys."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class PublishedKeySet(Base):
    """The last attempt to fetch the set at an address (`jwks_uri`), of any worker. A client is told of it.

    keys: of the last success, in `fetched_at`. problem: why the last attempt replaced nothing; null if it succeeded.
    left_out: how many keys of that set are not used here.
    """

    __tablename__ = "published_key_set"
    __table_args__ = (
        CheckConstraint("starts_with(address, 'https://')", name="address"),
        CheckConstraint("(keys IS NULL) = (fetched_at IS NULL)", name="fetched"),
        CheckConstraint("fetched_at <= tried_at", name="tried"),
        CheckConstraint("problem IS NOT NULL OR keys IS NOT NULL", name="outcome"),
        CheckConstraint("left_out >= 0", name="left_out"),
    )

    address: Mapped[str] = mapped_column(primary_key=True)
    tried_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
    keys: Mapped[dict[str, Any] | None]
    problem: Mapped[str | None]
    left_out: Mapped[int]
