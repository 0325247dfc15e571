"""Groups of audiences, and the two plainest predicates."""

import sqlalchemy as sa

from auth.audiences import Audience
from engine.declare.sql import SQL

NOBODY: SQL = sa.false()
EVERYBODY: SQL = sa.true()
PARTNERS = frozenset({Audience.BANK, Audience.EMPLOYER, Audience.COMMERCE})
OUTSIDE = PARTNERS | {Audience.PUBLIC_PORTAL}
"""Audiences for which an ended item never was (R10). The litigant is not among them: it sees its own history."""
