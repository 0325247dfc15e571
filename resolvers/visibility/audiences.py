"""Groups of audiences, and constant predicates."""

import sqlalchemy as sa

from auth.audiences import Audience
from engine.declare.sql import SQL

NOBODY: SQL = sa.false()
EVERYBODY: SQL = sa.true()
PARTNERS = frozenset({Audience.BANK, Audience.EMPLOYER, Audience.COMMERCE})
TOLD = PARTNERS | {Audience.LABOUR_ARBITRATION}
"""Audiences that read the events that they were notified of, and have webhooks."""
OUTSIDE = PARTNERS | {Audience.PUBLIC_PORTAL}
"""Audiences for which an ended item does not exist (R10). A litigant sees its own history."""
