"""The interface of objects with an id (Relay)."""

import strawberry

from engine.declare.row_types import RowObject
from engine.policy import OPEN, require


@strawberry.interface(description="An object that can be fetched again by its id.")
class Node(RowObject):
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(description="Opaque, globally unique id.")


require(Node, OPEN)
