"""The base of all tables: naming convention, types of columns by annotation, surrogate keys."""

from datetime import date, datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, DATERANGE, JSONB, TSTZRANGE, Range
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def map_enum(enum: type[Enum], name: str | None = None, *, checked: bool = True) -> sa.Enum:
    """Return the type of a text column whose CHECK constraint allows the values of `enum`.

    name: of the constraint, for a table with two columns of one enum; by default the name of the enum. checked: False
    if the table has a CHECK of its own.
    """
    return sa.Enum(
        enum,
        native_enum=False,
        create_constraint=checked,
        length=40,
        values_callable=lambda members: [member.value for member in members],
        name=name,
    )


def link(**options: Any) -> Any:
    """Declare a read-only relationship. The executors join it; it is never loaded lazily."""
    return relationship(viewonly=True, lazy="raise", **options)


def index_where(name: str, *columns: Any, where: str, unique: bool = False) -> sa.Index:
    """Declare an index on the rows that satisfy a condition in SQL."""
    return sa.Index(name, *columns, unique=unique, postgresql_where=sa.text(where))


class Base(DeclarativeBase):
    """A table."""

    metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy
        str: sa.Text(),
        datetime: sa.DateTime(timezone=True),
        Enum: map_enum(Enum),
        list[str]: ARRAY(sa.Text),
        dict[str, Any]: JSONB(none_as_null=True),
        Range[date]: DATERANGE(),
        Range[datetime]: TSTZRANGE(),
    }


class DatabaseView(Base):
    """A view that a migration creates."""

    __abstract__ = True
    metadata = sa.MetaData()


class Keyed(Base):
    """A table with a surrogate key."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True, sort_order=-1)
