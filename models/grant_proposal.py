"""Grants of roles and scopes (授权): a system administrator proposes, a security administrator decides."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed, map_enum
from models.court import AdministratorRole, StaffRole

BY_ROLE = ("staff.id", "staff.administers")


class GrantProposal(Keyed):
    """A proposal: scopes of a client, or a new account with its role. What is proposed never changes, and is decided
    once. The foreign keys hold that the two are administrators of their powers; so they are two people.

    number: of the person, as personnel has it (工号).
    """

    __tablename__ = "grant_proposal"
    __table_args__ = (
        CheckConstraint("(client_key IS NULL) <> (username IS NULL)", name="one_kind"),
        CheckConstraint("(client_key IS NULL) = (scopes IS NULL) AND cardinality(scopes) > 0", name="scopes"),
        CheckConstraint(
            "(username IS NULL) = (name IS NULL) AND (username IS NULL) = (number IS NULL)"
            " AND (username IS NULL) = (court_code IS NULL)"
            " AND CASE WHEN username IS NULL THEN role IS NULL AND administers IS NULL"
            " ELSE (role IS NULL) <> (administers IS NULL) END",
            name="account",
        ),
        CheckConstraint("reason <> ''", name="reasoned"),
        CheckConstraint("proposed_role = 'SYSTEM'", name="by_system"),
        CheckConstraint("decided_role = 'SECURITY'", name="by_security"),
        CheckConstraint("proposed_by <> decided_by", name="by_two"),
        CheckConstraint(
            "(approved IS NULL) = (decided_by IS NULL) AND (approved IS NULL) = (decided_at IS NULL)", name="decided"
        ),
        ForeignKeyConstraint(["proposed_by", "proposed_role"], BY_ROLE),
        ForeignKeyConstraint(["decided_by", "decided_role"], BY_ROLE),
    )

    client_key: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    scopes: Mapped[list[str] | None]
    username: Mapped[str | None]
    name: Mapped[str | None]
    number: Mapped[str | None]
    court_code: Mapped[str | None] = mapped_column(ForeignKey("court.code"), index=True)
    role: Mapped[StaffRole | None]
    administers: Mapped[AdministratorRole | None] = mapped_column(map_enum(AdministratorRole, "administers"))
    reason: Mapped[str]
    proposed_by: Mapped[int] = mapped_column(BigInteger)
    proposed_role: Mapped[AdministratorRole] = mapped_column(
        map_enum(AdministratorRole, "proposed_role"), server_default=AdministratorRole.SYSTEM
    )
    proposed_at: Mapped[datetime]
    approved: Mapped[bool | None]
    decided_by: Mapped[int | None] = mapped_column(BigInteger)
    decided_role: Mapped[AdministratorRole] = mapped_column(
        map_enum(AdministratorRole, "decided_role"), server_default=AdministratorRole.SECURITY
    )
    decided_at: Mapped[datetime | None]


class PowerSeparation(Base):
    """From when on nothing but an approved proposal grants a role or a scope. One row, or none."""

    __tablename__ = "power_separation"
    __table_args__ = (CheckConstraint("one", name="one"),)

    one: Mapped[bool] = mapped_column(primary_key=True)
    since: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
