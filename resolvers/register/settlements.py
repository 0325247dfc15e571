"""Who sees that a settlement was performed: the court, and the party itself by its conversions."""

from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from resolvers.visibility.audiences import NOBODY
from resolvers.visibility.reach import jurisdiction


def may_see_settlement(row: Frame, audience: Audience) -> SQL:
    return jurisdiction(row.court_code) if audience is Audience.COURT else NOBODY
