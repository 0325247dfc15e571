"""Bulk operations as their clients see them."""

import sqlalchemy as sa

import models
from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from engine.load.view import CLIENT, COURT, SCOPES
from resolvers.visibility.predicates import sees


@sees(models.BulkOperation)
def _operation(row: Frame, audience: Audience) -> SQL:
    """A client's own; of a court's, those begun for the same court, and with no more rights than who looks."""
    own = sa.and_(row.client_key == CLIENT, row.scopes.op("<@", is_comparison=True)(SCOPES))
    if audience is Audience.COURT:
        return sa.and_(own, row.jurisdiction == COURT)
    return sa.cast(own, sa.Boolean)


def sha256(row: Frame, audience: Audience) -> SQL:
    """The digest in hexadecimal."""
    return sa.func.encode(row.sha256, "hex")
