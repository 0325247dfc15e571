"""Courts and their staff. The code of a court is a prefix of the codes below it (浙 > 浙02 > 浙0281)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed, link


class StaffRole(StrEnum):
    """The role of a member of staff in the procedure (R4)."""

    JUDGE = "JUDGE"
    CHIEF = "CHIEF"
    CENTRE = "CENTRE"
    PANEL = "PANEL"
    PRESIDENT = "PRESIDENT"


class Court(Base):
    """A court (法院). masks_organizations: whether the public sees the names of organizations masked, as of persons."""

    __tablename__ = "court"
    __table_args__ = (CheckConstraint("starts_with(code, parent_code)", name="below_parent"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("court.code"), index=True)
    division: Mapped[str | None]
    evidence: Mapped[str]
    masks_organizations: Mapped[bool] = mapped_column(server_default=text("false"))

    parent: Mapped["Court | None"] = link(remote_side=[code])
    divisions: Mapped[list["Division"]] = link()


class Division(Keyed):
    """A division (庭) of a court, to which cases are transferred."""

    __tablename__ = "division"
    __table_args__ = (
        UniqueConstraint("court_code", "name"),
        CheckConstraint("name <> ''", name="named"),
    )

    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"))
    name: Mapped[str]


class Staff(Keyed):
    """A member of a court's staff, with one role."""

    __tablename__ = "staff"

    name: Mapped[str]
    role: Mapped[StaffRole]
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    left_at: Mapped[datetime | None]
