"""Awards of labour-arbitration bodies: who sees them, and whom they are about."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import About, Frame, Order, Relation
from engine.declare.sql import SQL
from resolvers.joins import exists, join, look_up
from resolvers.roots import list_everything
from resolvers.view import CLIENT, SUBJECT
from resolvers.visibility.audiences import NOBODY
from resolvers.visibility.reach import is_in_jurisdiction, is_self

_PARTY = look_up(models.ArbitralAward, "party_id", "award_id")
_INDEX = look_up(models.ArbitralAward, "subject_index", "award_id")
ABOUT_AWARD = About.of("party_id", index=lambda row: row.subject_index)
ABOUT_REFUSAL = About(_PARTY, details={"index": _INDEX})
ABOUT_NOTICE = About.of("party_id", index=_INDEX)
"""A debtor that no court knows under its name is logged by its number's hash."""


def may_see_award(row: Frame, audience: Audience) -> SQL:
    """A body sees its own, the court those of its jurisdiction, the debtor those against itself."""
    if audience is Audience.LABOUR_ARBITRATION:
        return sa.cast(row.client_key == CLIENT, sa.Boolean)
    if audience is Audience.COURT:
        return is_in_jurisdiction(row.court_code)
    return _is_against_self(row) if audience is Audience.LITIGANT_PORTAL else NOBODY


def _is_against_self(award: Frame) -> SQL:
    """Return whether the debtor of an award is the authenticated litigant, by number or as a party."""
    return sa.or_(award.subject_index == SUBJECT, is_self(award.party_id))


def may_see_refusal(row: Frame, audience: Audience) -> SQL:
    """Whoever sees the award."""
    return _with_award(row, audience)


def _with_award(row: Frame, audience: Audience) -> SQL:
    award = aliased(models.ArbitralAward)
    return exists(award, award.id == row.award_id, may_see_award(Frame(award), audience))


def may_see_consequence_notice(row: Frame, audience: Audience) -> SQL:
    """The court, the body that served it, and on whom it was served."""
    if audience is Audience.COURT:
        return is_in_jurisdiction(row.court_code)
    if audience is Audience.LABOUR_ARBITRATION:
        return sa.cast(row.client_key == CLIENT, sa.Boolean)
    if audience is Audience.LITIGANT_PORTAL:
        return sa.or_(is_self(row.party_id), _with_award(row, audience))
    return NOBODY


def body(row: Frame, audience: Audience) -> SQL:
    """Return the name of the body that recorded an award."""
    client = aliased(models.Client)
    return sa.select(client.name).where(client.id == row.client_key).scalar_subquery()


def is_identified(row: Frame, audience: Audience) -> SQL:
    """Return whether the courts know the debtor under this name."""
    found: SQL = row.party_id.is_not(None)
    return found


def _of_subject(me: Frame, award: Frame) -> SQL:
    return sa.or_(award.subject_index == me.subject_index, award.party_id == me.party_id)


NEWEST = Order(("recorded_at",), descending=True)
AWARDS = list_everything(models.ArbitralAward, NEWEST)
REFUSALS = list_everything(models.AwardRefusal, Order(("reported_at",), descending=True))
OF_LITIGANT = Relation(
    models.ArbitralAward,
    _of_subject,
    {"subject_index": sa.LargeBinary(), "party_id": sa.BigInteger()},
    many=True,
    orders={"RECORDED": NEWEST},
)
NOTICES_OF_AWARD = join(models.ConsequenceNotice, "award_id", many=True, SERVED=Order(("served_on",)))
REFUSALS_OF_AWARD = join(models.AwardRefusal, "award_id", many=True, REPORTED=Order(("reported_at",)))
LISTING = join(models.Listing, "refusal_id")
