"""Courts and their staff. The code of a court is a prefix of the codes below it (浙 > 浙02 > 浙0281)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed, index_where, link


class StaffRole(StrEnum):
    """The role of a member of staff in the procedure (R4)."""

    JUDGE = "JUDGE"
    CHIEF = "CHIEF"
    CENTRE = "CENTRE"
    PANEL = "PANEL"
    PRESIDENT = "PRESIDENT"


class AdministratorRole(StrEnum):
    """A power of administration (三员). SYSTEM (系统管理员) operates and proposes grants, SECURITY (安全管理员) decides
    them, AUDIT (审计管理员) reads what both did. None of them acts in the procedure or reads a case."""

    SYSTEM = "SYSTEM"
    SECURITY = "SECURITY"
    AUDIT = "AUDIT"


class Court(Base):
    """A court (法院). masks_organizations: whether the public sees the names of organizations masked, as of persons.
    gives_grades: whether banks get a risk grade of whom this court has published about."""

    __tablename__ = "court"
    __table_args__ = (CheckConstraint("starts_with(code, parent_code)", name="below_parent"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("court.code"), index=True)
    division: Mapped[str | None]
    evidence: Mapped[str]
    masks_organizations: Mapped[bool] = mapped_column(server_default=text("false"))
    gives_grades: Mapped[bool] = mapped_column(server_default=text("true"))

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
    """A member of a court's staff: an officer with one role, or an administrator with one power, never both.

    number: of the person, as personnel has it (工号); one person has one active account. grant_id: the proposal that
    made the account, where powers are separated.
    """

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("(role IS NULL) <> (administers IS NULL)", name="one_power"),
        CheckConstraint("administers IS NULL OR number IS NOT NULL", name="administrator_known"),
        CheckConstraint("number <> ''", name="numbered"),
        UniqueConstraint("id", "administers"),
        UniqueConstraint("grant_id"),
        index_where("uq_staff_number_active", "number", where="left_at IS NULL", unique=True),
    )

    name: Mapped[str]
    role: Mapped[StaffRole | None]
    administers: Mapped[AdministratorRole | None]
    number: Mapped[str | None]
    grant_id: Mapped[int | None] = mapped_column(BigInteger)
    court_code: Mapped[str] = mapped_column(ForeignKey("court.code"), index=True)
    left_at: Mapped[datetime | None]
