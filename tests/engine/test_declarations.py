"""Mistakes in declarations are told when an engine is built: by the type, the field, and what to mend."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
import strawberry
from library import Audience, LibraryLog
from library_tables import BookRow, LoanRow, ShelfRow

from engine.declare.checks import DeclarationError
from engine.declare.connections import Connection
from engine.declare.fields import column, connection, expression, relation, root
from engine.declare.nodes import Node
from engine.declare.relations import About, Frame, Relation
from engine.declare.row_types import row_type
from engine.declare.sql import SQL
from engine.engine import Engine
from engine.policy import OPEN, any_of, require

CATALOGUE = any_of("catalogue")


def everybody(row: Frame, audience: Audience) -> SQL:
    return sa.true()


def declared(model: type, requires: Any = CATALOGUE, **more: Any) -> Callable[[type], Any]:
    """A declaration of a type over a model that everybody sees."""
    return row_type(model, requires=requires, seen_by=everybody, **more)


def built(*types: Any, query: Any = None) -> Engine:
    """An engine whose schema has these types."""

    @strawberry.type
    class Query:
        ping: str | None = None

    require(query or Query, OPEN)
    return Engine(strawberry.Schema(query=query or Query, types=types), LibraryLog())


def named(**members: Any) -> Any:
    """A class with these annotated fields, to be declared: a name, and what is to be mended of it."""
    fields = {name: value for name, (_, value) in members.items()}
    return type(
        "Book",
        (Node,),
        fields | {"__doc__": "A book.", "__annotations__": {name: kind for name, (kind, _) in members.items()}},
    )


def refused(*types: Any, query: Any = None) -> str:
    """What is said of a mistake."""
    with pytest.raises(DeclarationError) as mistake:
        built(*types, query=query)
    return str(mistake.value)


def test_a_column_that_the_model_does_not_have() -> None:
    book = declared(BookRow)(named(title=(str, column("Its title.", of="heading"))))
    assert refused(book) == "Book.title reads the column heading, which BookRow does not have."


def test_a_field_named_as_an_attribute_of_rows_would_be_hidden_by_it() -> None:
    book = declared(BookRow)(named(answer=(str, column("Its title.", of="title"))))
    assert refused(book) == "Book.answer has the name of an attribute of Row: name it otherwise."


def test_a_relationship_is_no_column() -> None:
    book = declared(BookRow)(named(shelf_name=(str, column("Its shelf.", of="shelf"))))
    assert refused(book) == "Book.shelfName reads the column shelf, which BookRow does not have."


@pytest.mark.parametrize(
    "about", [{"key": "number"}, {"subject": "number"}, {"about": About.of("number")}], ids=["key", "subject", "about"]
)
def test_a_type_that_needs_a_column_that_is_not_there(about: Any) -> None:
    book = declared(BookRow, **about)(named(title=(str, column("Its title."))))
    assert refused(book) == "Book reads the column number, which BookRow does not have."


def test_a_field_that_is_never_null_on_a_column_that_may_be() -> None:
    book = declared(BookRow)(named(pages=(int, column("How many."))))
    assert refused(book) == (
        "Book.pages is never null, but its column pages may be: "
        "let the field be null, or declare it by an expression that is not."
    )


def test_such_a_column_in_a_field_that_may_be_null_or_by_an_expression() -> None:
    counted = expression(lambda book, audience: sa.func.coalesce(book.pages, 0), "How many.")
    book = declared(BookRow)(named(pages=(int | None, column("How many.")), counted=(int, counted)))
    assert set(built(book).rows) == {BookRow}


def test_rows_of_a_source_of_their_own_are_left_alone() -> None:
    def source(audience: Audience, arguments: Any) -> Any:
        return sa.select(sa.literal(1).label("id"), sa.literal("Emma").label("heading")).subquery()

    book = declared(BookRow, source=source)(named(heading=(str, column("Its title."))))
    assert set(built(book).rows) == {BookRow}


def test_rows_of_a_class_without_a_table_are_left_alone() -> None:
    class Nowhere:
        pass

    book = declared(Nowhere)(named(heading=(str, column("Its title."))))
    assert set(built(book).rows) == {Nowhere}


def test_an_edge_to_a_model_that_no_type_shows() -> None:
    book = declared(BookRow)(named(shelf=(Node, relation(BookRow.shelf, "Its shelf."))))
    assert refused(book) == "Book.shelf leads to ShelfRow, which no type shows."


def test_a_root_that_leads_to_a_model_that_no_type_shows() -> None:
    @strawberry.type
    class Query:
        shelf: Node | None = root(
            Relation(ShelfRow, lambda given, shelf: sa.true(), {}), "A shelf.", requires=CATALOGUE
        )

    assert refused(query=Query) == "Query.shelf leads to ShelfRow, which no type shows."


def test_a_root_type_of_another_name() -> None:
    @strawberry.type
    class Library:
        ping: str | None = None

    assert refused(query=Library) == "Library is where a query begins: call it Query."


def test_two_types_on_one_model() -> None:
    @declared(BookRow)
    class Book(Node):
        """A book."""

        title: str = column("Its title.")

    @declared(BookRow)
    class Volume(Node):
        """A book."""

        title: str = column("Its title.")

    assert refused(Book, Volume) == "Volume and Book show the same model, BookRow."


@declared(LoanRow, any_of("loans"))
class Loan(Node):
    """A loan, which needs more than a book does."""

    reader: int = column("Who has the book.", of="reader_id")


def test_a_connection_that_states_nothing_and_whose_count_tells_of_what_its_type_may_not() -> None:
    book = declared(BookRow)(named(loans=(Connection[Loan], connection(BookRow.loans, "Its loans."))))
    assert refused(book) == "Book.loans counts rows of Loan: state what it requires."


@pytest.mark.parametrize("requires", [any_of("loans"), any_of("staff")])
def test_a_connection_that_states_what_it_needs_is_taken_at_its_word(requires: Any) -> None:
    edge = connection(BookRow.loans, "Its loans.", requires=requires)
    assert set(built(declared(BookRow)(named(loans=(Connection[Loan], edge)))).rows) == {BookRow, LoanRow}


def test_a_connection_needs_to_state_nothing_where_its_type_says_it() -> None:
    edge = connection(BookRow.loans, "Its loans.")
    assert set(built(declared(BookRow, any_of("loans"))(named(loans=(Connection[Loan], edge)))).rows) == {
        BookRow,
        LoanRow,
    }


def test_an_edge_whose_type_shows_another_model() -> None:
    shelf = declared(ShelfRow)(type("Shelf", (Node,), {"__doc__": "A shelf.", "__annotations__": {}}))
    loan = declared(LoanRow)(type("Loan", (Node,), {"__doc__": "A loan.", "__annotations__": {}}))
    book = declared(BookRow)(named(shelf=(loan, relation(BookRow.shelf, "Its shelf."))))
    assert refused(shelf, loan, book) == "Book.shelf leads to ShelfRow, which Loan does not show."


def test_an_edge_that_leads_to_one_row_is_no_list() -> None:
    shelf = declared(ShelfRow)(type("Shelf", (Node,), {"__doc__": "A shelf.", "__annotations__": {}}))
    book = declared(BookRow)(named(shelf=(list[shelf], relation(BookRow.shelf, "Its shelf."))))  # type: ignore[valid-type]
    assert refused(shelf, book) == "Book.shelf leads to one row, and [Shelf!]! says otherwise."
