"""The tables of a lending library, and what stands in them."""

from datetime import date
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    """The library's own tables."""

    type_annotation_map = {int: sa.BigInteger, str: sa.Text, list[str]: sa.ARRAY(sa.Text)}  # noqa: RUF012


class BookKind(StrEnum):
    """What a book is made of."""

    PAPER = "PAPER"
    AUDIO = "AUDIO"


class ShelfRow(Base):
    """A shelf."""

    __tablename__ = "shelf"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    closed: Mapped[bool] = mapped_column(default=False)
    books: Mapped[list["BookRow"]] = relationship(back_populates="shelf")


class BookRow(Base):
    """A book, on paper or spoken."""

    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[BookKind] = mapped_column(sa.Enum(BookKind, native_enum=False))
    title: Mapped[str]
    year: Mapped[int]
    price: Mapped[int]
    pages: Mapped[int | None]
    minutes: Mapped[int | None]
    shelf_id: Mapped[int] = mapped_column(sa.ForeignKey("shelf.id"), index=True)
    shelf: Mapped[ShelfRow] = relationship(back_populates="books")
    loans: Mapped[list["LoanRow"]] = relationship(back_populates="book")


class LoanRow(Base):
    """A book in a reader's hands."""

    __tablename__ = "loan"
    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(sa.ForeignKey("book.id"), index=True)
    reader_id: Mapped[int]
    due_on: Mapped[date]
    returned_on: Mapped[date | None]
    book: Mapped[BookRow] = relationship(back_populates="loans")


class LogEntry(Base):
    """What was told to whom."""

    __tablename__ = "log_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    audience: Mapped[str]
    field: Mapped[str]
    types: Mapped[list[str]]
    reader_id: Mapped[int | None]
    result: Mapped[str]
    operation: Mapped[bytes]


ANNA, BEN = 101, 102
"""Two readers."""


def fill(session: Session) -> None:
    """Two open shelves and a closed one; seven books; four loans, of which two are Anna's."""
    novels, poems, vault = (ShelfRow(name="Novels"), ShelfRow(name="Poems"), ShelfRow(name="Vault", closed=True))
    emma, _, ulysses, _, _, _, folio = (
        paper(novels, "Emma", 1815, 9, 474),
        paper(novels, "Dubliners", 1914, 7, 160),
        spoken(novels, "Ulysses", 1922, 30, 1800),
        paper(poems, "Odes", 1819, 5, 62),
        spoken(poems, "Duino Elegies", 1923, 12, 90),
        paper(poems, "Howl", 1956, 5, 57),
        paper(vault, "First Folio", 1623, 9000, 908),
    )
    session.add_all([novels, poems, vault])
    session.flush()
    emma.loans = [lent(ANNA, date(2026, 12, 1), date(2026, 11, 28)), lent(BEN, date(2027, 1, 10))]
    ulysses.loans = [lent(ANNA, date(2027, 2, 1))]
    folio.loans = [lent(BEN, date(2027, 1, 20))]
    session.flush()


def paper(shelf: ShelfRow, title: str, year: int, price: int, pages: int) -> BookRow:
    """A book on paper."""
    return BookRow(shelf=shelf, kind=BookKind.PAPER, title=title, year=year, price=price, pages=pages)


def spoken(shelf: ShelfRow, title: str, year: int, price: int, minutes: int) -> BookRow:
    """A book that is listened to."""
    return BookRow(shelf=shelf, kind=BookKind.AUDIO, title=title, year=year, price=price, minutes=minutes)


def lent(reader: int, due_on: date, returned_on: date | None = None) -> LoanRow:
    """A loan to a reader."""
    return LoanRow(reader_id=reader, due_on=due_on, returned_on=returned_on)
