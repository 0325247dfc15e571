"""What every table shares: metadata with a naming convention, identity keys, and enums stored as checked text."""

from enum import StrEnum

from sqlalchemy import BigInteger, Enum, Identity, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """A table of the domain. Relationships name joins for the executors; none is ever loaded lazily."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class DatabaseView(Base):
    """A view of the database, made by a migration."""

    __abstract__ = True
    metadata = MetaData()


class Keyed(Base):
    """A table with a surrogate key."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True, sort_order=-1)


def choice(enum: type[StrEnum], name: str | None = None) -> Enum:
    """A text column that holds one of `enum`'s values, held to them by a CHECK constraint.

    `name` tells two columns of one table with the same enum apart.
    """
    return Enum(
        enum,
        native_enum=False,
        create_constraint=True,
        length=40,
        values_callable=lambda members: [member.value for member in members],
        name=name or enum.__name__.lower(),
    )
