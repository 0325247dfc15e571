"""A bank's portfolio: the subjects of its open watches, with colour, grade and the last change that it was told."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from auth.scopes import Scope
from engine.declare.relations import About, Frame, Order
from engine.declare.sql import SQL
from models.catalogue import Colour
from models.party_name import is_known_as
from models.terms import COURT_TIME
from resolvers import roots
from resolvers.credit.credit_codes import is_current
from resolvers.credit.grading import is_graded, worst_of
from resolvers.view import CLIENT
from resolvers.visibility.audiences import NOBODY
from resolvers.visibility.reach import reach


class PortfolioEntry:
    """The row type's key: an open watch."""

    id, reference = models.Watch.id, models.Watch.reference


def select_entries(audience: Audience, arguments: Mapping[str, SQL]) -> sa.Subquery:
    """Select one row for each open watch. The party is null if nobody of this name and number is known, and if the
    purpose and the consents of the request do not open its credit: both look alike (R20)."""
    watch, identity, party = aliased(models.Watch), aliased(models.Identity), aliased(models.Party)
    same = (party.id == identity.party_id, party.kind == watch.kind, is_known_as(party, watch.folded))
    opened = sa.and_(*same, reach(sa.type_coerce(party.id, sa.BigInteger), audience, Scope.PERSON_CREDIT))
    last = _last_change(watch)
    return (
        sa.select(
            watch.id,
            watch.client_key,
            watch.subject_index,
            watch.reference,
            watch.kind,
            watch.created_at,
            party.id.label("party_id"),
            sa.case((party.id.is_not(None), last.c.kind)).label("last_change"),
            sa.case((party.id.is_not(None), last.c.day)).label("changed_on"),
        )
        .select_from(watch)
        .outerjoin(identity, identity.index == watch.subject_index)
        .outerjoin(party, opened)
        .outerjoin(last, sa.true())
        .where(watch.ended_at.is_(None), watch.client_key == CLIENT)
        .subquery("entry")
    )


def _last_change(watch: type[models.Watch]) -> Any:
    """Select the newest event of a watch of which its client was notified, with its day at the court."""
    told, event = aliased(models.Notification), aliased(models.Event)
    day = sa.cast(sa.func.timezone(COURT_TIME.key, event.occurred_at), sa.Date)
    newest = sa.select(event.kind, day.label("day")).join(told, told.event_id == event.id)
    newest = newest.where(told.watch_id == watch.id).order_by(event.occurred_at.desc(), event.id.desc())
    return newest.limit(1).lateral("last_change")


def may_see_entry(row: Frame, audience: Audience) -> SQL:
    """A bank sees its own portfolio."""
    return sa.cast(row.client_key == CLIENT, sa.Boolean) if audience is Audience.BANK else NOBODY


def colour(row: Frame, audience: Audience) -> SQL:
    """Return the present colour; null without a party."""
    period = aliased(models.CodePeriod)
    now = sa.select(period.colour).where(is_current(period, row.party_id, audience)).scalar_subquery()
    green = sa.literal(Colour.GREEN, models.CodePeriod.colour.type)
    return sa.case((row.party_id.is_not(None), sa.func.coalesce(now, green)))


def grade(row: Frame, audience: Audience) -> SQL:
    """Return the grade, as `grading` computes it; null without a party, and where its courts give none."""
    graded = sa.and_(row.party_id.is_not(None), is_graded(row.party_id))
    return sa.case((graded, worst_of(row, audience).scalar_subquery()))


def month(row: Frame, audience: Audience) -> SQL:
    """Return the first day of the month of the last change; null without one."""
    return sa.cast(sa.func.date_trunc("month", sa.cast(row.changed_on, sa.DateTime)), sa.Date)


PORTFOLIO = roots.list_everything(PortfolioEntry, Order(("reference",)))
ABOUT = About.of("party_id", index=lambda row: row.subject_index, reference=lambda row: row.reference)
