"""Who sees that a settlement was performed: the court, and the party itself by its conversions."""

import models
from auth.audiences import Audience
from resolvers.declarations import Frame
from resolvers.reach import jurisdiction
from resolvers.sql import SQL
from resolvers.visibility import NOBODY, sees


@sees(models.Settlement)
def _settlement(row: Frame, audience: Audience) -> SQL:
    return jurisdiction(row.court_code) if audience is Audience.COURT else NOBODY
