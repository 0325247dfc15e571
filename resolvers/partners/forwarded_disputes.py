"""Forwarded disputes: who sees them."""

import sqlalchemy as sa

from auth.audiences import Audience
from engine.declare.relations import About, Frame
from engine.declare.sql import SQL
from resolvers.view import CLIENT
from resolvers.visibility.audiences import NOBODY
from resolvers.visibility.reach import is_in_jurisdiction, is_self

ABOUT = About.of("party_id", reference=lambda row: row.reference)


def may_see_forwarded_dispute(row: Frame, audience: Audience) -> SQL:
    """A bank sees its own, a court those to it and to the courts below it, and a litigant those in its name (R27)."""
    if audience is Audience.BANK:
        return sa.cast(row.client_key == CLIENT, sa.Boolean)
    if audience is Audience.LITIGANT_PORTAL:
        return is_self(row.party_id)
    return is_in_jurisdiction(row.court_code) if audience is Audience.COURT else NOBODY
