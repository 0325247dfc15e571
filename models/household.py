"""Villages and households: moral points belong to a household (DOMAIN 5)."""

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Keyed


class Village(Keyed):
    """A village or community (村社区), named with its township."""

    __tablename__ = "village"

    name: Mapped[str] = mapped_column(Text, unique=True)


class Household(Keyed):
    """A household (农户家庭) under the key that the moral bank knows it by."""

    __tablename__ = "household"

    key: Mapped[str] = mapped_column(Text, unique=True)
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"), index=True)

    village: Mapped[Village] = relationship(viewonly=True, lazy="raise")
