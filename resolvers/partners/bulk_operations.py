"""Bulk operations as their clients see them."""

import sqlalchemy as sa

from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from resolvers.view import CLIENT, COURT, SCOPES


def may_see_operation(row: Frame, audience: Audience) -> SQL:
    """A client's own; of a court's, those begun for the same court, and with no more rights than who looks."""
    own = sa.and_(row.client_key == CLIENT, row.scopes.op("<@", is_comparison=True)(SCOPES))
    if audience is Audience.COURT:
        return sa.and_(own, row.jurisdiction == COURT)
    return sa.cast(own, sa.Boolean)


def sha256(row: Frame, audience: Audience) -> SQL:
    """The digest in hexadecimal."""
    return sa.func.encode(row.sha256, "hex")
