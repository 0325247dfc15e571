"""Visibility of security events: auditors', nobody else's."""

import sqlalchemy as sa

from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from resolvers.visibility.audiences import EVERYBODY, NOBODY


def may_see_security_event(row: Frame, audience: Audience) -> SQL:
    """Auditors."""
    return EVERYBODY if audience is Audience.AUDITOR else NOBODY


def write_before(row: Frame, audience: Audience) -> SQL:
    """Return what was before as text."""
    return sa.cast(row.before, sa.Text)


def write_after(row: Frame, audience: Audience) -> SQL:
    """Return what is since as text."""
    return sa.cast(row.after, sa.Text)
