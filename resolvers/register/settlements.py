"""Who sees that a settlement was performed: the court, and the party itself by its conversions."""

import models
from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from resolvers.visibility.predicates import NOBODY, sees
from resolvers.visibility.reach import jurisdiction


@sees(models.Settlement)
def _settlement(row: Frame, audience: Audience) -> SQL:
    return jurisdiction(row.court_code) if audience is Audience.COURT else NOBODY
