"""A lending library as a GraphQL service: all that a service writes beside its tables.

Books stand on shelves and are lent to readers. Librarians see everything; readers the open shelves and their own loans.
An answer that tells of a reader's loans is logged with the reader.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
import strawberry
from library_tables import BookKind, BookRow, LoanRow, LogEntry, ShelfRow
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine
from strawberry.schema.config import StrawberryConfig

from engine.audit import AnswerKind
from engine.declare.connections import Connection
from engine.declare.fields import (
    Info,
    argument,
    column,
    connection,
    expression,
    relation,
    root,
    root_connection,
)
from engine.declare.filters import Filters, filter_by, filter_input
from engine.declare.nodes import Node
from engine.declare.opaque import bind_key
from engine.declare.relations import About, Frame, Order, Prepared, Relation, read_relationship
from engine.declare.row_types import row_interface, row_type, row_variant
from engine.declare.sql import SQL
from engine.engine import Engine
from engine.load.errors import BadInputError
from engine.load.nodes import NodesRoot
from engine.policy import OPEN, all_of, any_of, require

TODAY = date(2027, 1, 15)
KEY = b"the key that seals ids and cursors"


class LibraryLog:
    """The access log: entries in `log_entry`."""

    table = LogEntry
    facts = None
    told: Mapping[str, TypeEngine[Any]] = {"subject": sa.BigInteger(), "result": sa.Text()}
    given, empty = "GIVEN", "EMPTY"

    def identify(self, document: str) -> bytes:
        """A hash of what is asked."""
        return sha256(document.encode()).digest()

    def select_rows(self, told: sa.FromClause, kind: AnswerKind, audience: SQL, *, declares: bool) -> sa.Select[Any]:
        """An entry for each reader."""
        types = sa.cast(sa.literal("{" + ",".join(kind.types) + "}", sa.Text), sa.ARRAY(sa.Text))
        columns = {
            "audience": audience,
            "field": sa.literal(kind.field, sa.Text),
            "types": types,
            "reader_id": told.c.get("subject", sa.cast(sa.null(), sa.BigInteger)),
            "result": told.c.result,
            "operation": sa.func.decode(kind.operation.hex(), "hex"),
        }
        return sa.select(*(value.label(name) for name, value in columns.items())).select_from(told)

    def build_declaration(self, kind: AnswerKind) -> None:
        """Nothing comes before an answer."""

    def parameters(self, view: Any) -> Mapping[str, Any]:
        """There are no values beside the view's."""
        return {}

    def audience_name(self, audience: "Audience") -> str:
        """The audience's value."""
        return audience.value


class Audience(Enum):
    """Who asks."""

    LIBRARIAN = "LIBRARIAN"
    READER = "READER"


@dataclass(frozen=True)
class Card:
    """A caller, which is its own view. reader: whose card it is; None of a librarian."""

    audience: Audience
    scopes: frozenset[str]
    reader: int | None = None
    opaque_key: bytes = KEY

    @property
    def view(self) -> "Card":
        """Itself."""
        return self

    def parameters(self) -> Mapping[str, Any]:
        """The values that predicates compare with."""
        return {"view_reader": self.reader, "view_today": TODAY, **bind_key(self.opaque_key)}


READER = sa.bindparam("view_reader", type_=sa.BigInteger)
DAY = sa.bindparam("view_today", type_=sa.Date)


def may_see_shelf(shelf: Frame, audience: Audience) -> SQL:
    """Readers see open shelves."""
    return sa.true() if audience is Audience.LIBRARIAN else ~shelf.closed


def may_see_book(book: Frame, audience: Audience) -> SQL:
    """Whoever sees its shelf."""
    shelf = aliased(ShelfRow)
    found = sa.select(shelf.id).where(shelf.id == book.shelf_id, may_see_shelf(Frame(shelf), audience))
    return found.exists()


def may_see_loan(loan: Frame, audience: Audience) -> SQL:
    """Readers see their own."""
    return sa.true() if audience is Audience.LIBRARIAN else sa.cast(loan.reader_id == READER, sa.Boolean)


def is_overdue(loan: Frame, audience: Audience) -> SQL:
    """Whether a loan should have come back."""
    return sa.and_(loan.returned_on.is_(None), loan.due_on < DAY)


def find_book(loan: Frame) -> sa.Select[Any]:
    """The book of a loan."""
    book = aliased(BookRow)
    return sa.select(*sa.inspect(book).selectable.c).where(book.id == loan.book_id)


def read_book(loan: Frame, audience: Audience) -> sa.Select[Any] | None:
    """The book of a loan from beside it; None in a statement that joins nothing."""
    found = loan.join(find_book)
    names = BookRow.__table__.columns.keys()
    return None if found is None else sa.select(*(getattr(found, name).label(name) for name in names))


BOOK = replace(read_relationship(LoanRow.book), read=read_book)


@row_interface(BookRow, discriminator="kind", requires=any_of("catalogue"), seen_by=may_see_book)
class Book(Node):
    """A book."""

    title: str = column("Its title.")
    year: int = column("The year it appeared.")
    price: int = column("What it cost.", requires=all_of("purchasing"))
    shelf: "Shelf" = relation(BookRow.shelf, "Where it stands.")
    loans: Connection["Loan"] = connection(BookRow.loans, "To whom it was lent.", requires=any_of("loans"))


@row_variant(BookKind.PAPER, requires=any_of("catalogue"))
class PaperBook(Book):
    """A book on paper."""

    pages: int | None = column("How many pages it has.")


@row_variant(BookKind.AUDIO, requires=any_of("catalogue"))
class AudioBook(Book):
    """A book that is listened to."""

    minutes: int | None = column("How long it takes.")


@filter_input
class BookFilter(Filters):
    """Which books."""

    title: str | None = filter_by(Book, "title", "Part of the title.", lambda book, value: book.title.contains(value))
    price: int | None = filter_by(Book, "price", "Cost so much at most.", lambda book, value: book.price <= value)


@strawberry.enum(description="The order of books.")
class BookOrder(Enum):
    """As they were bought, or by title, or newest first."""

    BOUGHT = Order(())
    TITLE = Order(("title",))
    NEWEST = Order(("year",), descending=True)


@row_type(ShelfRow, requires=any_of("catalogue"), seen_by=may_see_shelf)
class Shelf(Node):
    """A shelf."""

    name: str = column("What is written on it.")
    books: Connection[Book] = connection(
        ShelfRow.books, "The books on it.", filter_type=BookFilter, order_type=BookOrder
    )


@row_type(LoanRow, requires=any_of("loans"), seen_by=may_see_loan, about=About.of("reader_id"))
class Loan(Node):
    """A loan."""

    reader: int = column("Who has the book, by number.", of="reader_id")
    due_on: date = column("When it must come back.")
    returned_on: date | None = column("When it came back; null until then.")
    overdue: bool = expression(is_overdue, "Whether it should have come back.")
    book: Book | None = relation(BOOK, "The book; null where it has gone to a closed shelf.")


SHELVES = Relation(ShelfRow, lambda given, shelf: sa.true(), {}, many=True, orders={"NAME": Order(("name",))})
SHELF = Relation(ShelfRow, lambda given, shelf: shelf.name == given.name, {"name": sa.Text()})
BOOKS = Relation(BookRow, lambda given, book: sa.true(), {}, many=True)
LOANS = Relation(LoanRow, lambda given, loan: sa.true(), {}, many=True, orders={"DUE": Order(("due_on",))})


def prepare_name(arguments: Mapping[str, Any], card: Card) -> Prepared:
    """The name of a shelf. Raises BadInputError for none."""
    if not arguments["name"]:
        raise BadInputError("`name` must not be empty.")
    return Prepared({"name": arguments["name"]})


def reader_of(info: Info) -> int | None:
    """Whose card was shown."""
    card: Card = info.context.caller
    return card.reader


@strawberry.type(description="Where answers begin.")
class Query:
    """The roots."""

    reader: int | None = strawberry.field(resolver=reader_of, description="Whose card you show.")
    node: Node | None = root(
        NodesRoot(many=False), "An object by its id.", argument("id", strawberry.ID, "Its id."), requires=OPEN
    )
    nodes: list[Node | None] = root(
        NodesRoot(many=True),
        "Objects by their ids.",
        argument("ids", list[strawberry.ID], "Their ids."),
        requires=OPEN,
        sized_by="ids",
    )
    shelves: list[Shelf] = root(SHELVES, "All shelves.", requires=any_of("catalogue"))
    shelf: Shelf | None = root(
        SHELF, "A shelf.", argument("name", str, "Its name."), requires=any_of("catalogue"), prepare=prepare_name
    )
    books: Connection[Book] = root_connection(
        BOOKS, "All books.", requires=any_of("catalogue"), filter_type=BookFilter, order_type=BookOrder
    )
    loans: Connection[Loan] = root_connection(
        LOANS, "All loans.", requires=any_of("loans"), about=About.of("reader_id")
    )


async def put_up(info: Info, name: str) -> int:
    """Enter a shelf by its name."""
    connection = info.context.connection
    await connection.execute(sa.insert(ShelfRow).values(name=name, closed=False))
    return await connection.scalar(sa.select(sa.func.count()).select_from(ShelfRow)) or 0


@strawberry.type(description="What changes something.")
class Mutation:
    """The library's one act."""

    put_up: int = strawberry.field(resolver=put_up, description="Put up a shelf; gives how many there are.")


require(Query, OPEN)
require(Mutation, any_of("purchasing"))


def build_engine() -> Engine:
    """The schema of the library with its policy and its log."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        types=[PaperBook, AudioBook],
        config=StrawberryConfig(disable_field_suggestions=True),
    )
    return Engine(schema, LibraryLog())
