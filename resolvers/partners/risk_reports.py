"""Risk reports: who sees them, and whom they are about."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import About, Frame
from engine.declare.sql import SQL
from resolvers.view import CLIENT
from resolvers.visibility.audiences import NOBODY
from resolvers.visibility.reach import is_in_jurisdiction

ABOUT = About.of("party_id", reference=lambda row: row.reference)


def may_see_risk_report(row: Frame, audience: Audience) -> SQL:
    """A bank sees its own reports, a court those to it and to the courts below it. The subject sees none."""
    if audience is Audience.BANK:
        return sa.cast(row.client_key == CLIENT, sa.Boolean)
    return is_in_jurisdiction(row.court_code) if audience is Audience.COURT else NOBODY


def bank(row: Frame, audience: Audience) -> SQL:
    """Return the name of the bank."""
    client = aliased(models.Client)
    return sa.select(client.name).where(client.id == row.client_key).scalar_subquery()
