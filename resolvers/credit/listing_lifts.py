"""Single lifts of the restrictions on listed dishonest debtors."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Order
from engine.declare.sql import SQL
from resolvers.joins import exists, join
from resolvers.view import TODAY
from resolvers.visibility.audiences import NOBODY
from resolvers.visibility.reach import is_in_jurisdiction, is_self

OF_LISTING = join(
    models.ListingLift, "listing_id", many=True, LIFTED=Order(("lifted_on",), descending=True, total=True)
)


def find_running(row: Frame, audience: Audience) -> SQL:
    """Return the last day of the lift of an entry that covers today; null without one."""
    lift = aliased(models.ListingLift)
    running = (lift.listing_id == row.id, lift.lifted_on <= TODAY, lift.lifted_until >= TODAY)
    return sa.select(lift.lifted_until).where(*running).scalar_subquery()


def may_see_lift(row: Frame, audience: Audience) -> SQL:
    """The court of the entry, and its subject: a purpose may be private."""
    entry = aliased(models.Listing)
    if audience is Audience.COURT:
        return exists(entry, entry.id == row.listing_id, is_in_jurisdiction(entry.court_code))
    return (
        exists(entry, entry.id == row.listing_id, is_self(entry.party_id))
        if audience is Audience.LITIGANT_PORTAL
        else NOBODY
    )
