"""Visibility of the request log and of usage: a client's own, an officer's own, none for a litigant."""

import sqlalchemy as sa

from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from resolvers.view import CLIENT, OFFICER, SUBJECT


def may_see_request(row: Frame, audience: Audience) -> SQL:
    """The client's own; an officer sees the officer's own, and the court's client those without an officer."""
    own = _is_own(row, audience)
    if audience is Audience.COURT:
        return sa.and_(own, row.staff_id.is_not_distinct_from(OFFICER))
    return own


def may_see_usage(row: Frame, audience: Audience) -> SQL:
    """The client's own."""
    return _is_own(row, audience)


def _is_own(row: Frame, audience: Audience) -> SQL:
    """A portal's requests are also those of others than the litigant who asks."""
    own = sa.cast(row.client_key == CLIENT, sa.Boolean)
    return sa.and_(own, SUBJECT.is_(None)) if audience is Audience.LITIGANT_PORTAL else own


def write_request_id(row: Frame, audience: Audience) -> SQL:
    """Return the id of the request as text."""
    return sa.cast(row.request_id, sa.Text)
