"""Visibility of bulk operations."""

import sqlalchemy as sa

from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from resolvers.view import CLIENT, COURT, SCOPES


def may_see_operation(row: Frame, audience: Audience) -> SQL:
    """A client: its own within the rights of its token; a court's client those of the same court."""
    own = sa.and_(row.client_key == CLIENT, row.scopes.op("<@", is_comparison=True)(SCOPES))
    if audience is Audience.COURT:
        return sa.and_(own, row.jurisdiction == COURT)
    return sa.cast(own, sa.Boolean)


def sha256(row: Frame, audience: Audience) -> SQL:
    """Return the digest in hexadecimal."""
    return sa.func.encode(row.sha256, "hex")
