"""Relay cursor connections."""

from typing import Generic, TypeVar

import strawberry

from engine.declare.directives import Cost
from engine.load.context import Deferred
from engine.load.loaders import LoadedPage as Page
from engine.policy import OPEN, require

T = TypeVar("T")
FREE = Cost(weight="0")
"""The cost of a page itself. Its rows have a cost of their own."""


@strawberry.type(description="Where a page stands (Relay). Pages lead forward only.", directives=[FREE])
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether another page follows.")
    has_previous_page: bool = strawberry.field(description="Whether this page came after another.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last row: the next page's `after`.")


@strawberry.type(description="A row and its place in a list.", directives=[FREE])
class Edge(Generic[T]):
    """Relay's Edge."""

    cursor: str = strawberry.field(description="Its place in the list, opaque.")
    node: T = strawberry.field(description="The row.")


def _total_count(root: strawberry.Parent[Page]) -> int:
    return Deferred(root.count)  # type: ignore[return-value]  # awaited by graphql-core


@strawberry.type(description="One page of a list.", directives=[FREE])
class Connection(Generic[T]):
    """Relay's Connection, with a list of rows beside the edges."""

    edges: list[Edge[T]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[T] = strawberry.field(description="The rows.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    total_count: int = strawberry.field(
        resolver=_total_count,
        description="Rows on all pages that this caller may see, under the same filter.",
        directives=[Cost(weight="10")],
    )


for _page in (PageInfo, Edge, Connection):  # the requirements of rows are checked at the rows
    require(_page, OPEN)
