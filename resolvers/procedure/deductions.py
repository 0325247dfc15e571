"""Derived fields of a deduction (R6, R8), and its relations."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame, Order, Relation, read_relationship
from engine.declare.sql import SQL
from models.deduction import DeductionStatus
from models.terms import COURT_TIME
from resolvers.joins import exists, join
from resolvers.register.cards import read_case, read_repairs
from resolvers.view import TODAY
from resolvers.visibility.reach import is_at_or_below


def status_today(row: Frame, audience: Audience) -> SQL:
    """Return the stored status; EXPIRED after the end of publicity (R6)."""
    over = sa.and_(row.status == DeductionStatus.PUBLISHED, row.expires_on < TODAY)
    expired = sa.literal(DeductionStatus.EXPIRED, models.Deduction.status.type)
    return sa.case((over, expired), else_=row.status)


def is_under_objection(row: Frame, audience: Audience) -> SQL:
    """Return whether an objection is open; the item stays in force (R8)."""
    objection = aliased(models.Objection)
    return sa.select(objection.id).where(objection.deduction_id == row.id, objection.outcome.is_(None)).exists()


OBJECTIONS = join(models.Objection, "deduction_id", many=True)
VOTES = join(models.PanelVote, "deduction_id", many=True, VOTED=Order(("voted_at",)))
CASE = replace(read_relationship(models.Deduction.case), read=read_case)
REPAIRS = Relation(
    target=models.Repair,
    on=lambda deduction, repair: sa.and_(repair.deduction_id == deduction.id, repair.party_id == deduction.party_id),
    keys={"id": sa.BigInteger(), "party_id": sa.BigInteger()},
    many=True,
    read=read_repairs,
)
OF_BATCH = join(models.Deduction, "batch_id", many=True, NEWEST=Order(("proposed_at",), descending=True))


def is_of_court(row: Frame, code: Any) -> SQL:
    """Return whether a deduction comes from a case of a court or of one below it."""
    case = aliased(models.CourtCase)
    return exists(case, case.id == row.case_id, is_at_or_below(case.court_code, code))


def to_court_date(moment: SQL) -> SQL:
    """Return the day of a moment in the courts' time."""
    return sa.cast(sa.func.timezone(COURT_TIME.key, moment), sa.Date)


def counted_on(row: Any) -> SQL:
    """Return the day by which statistics count a deduction: of its determination; until then, of its proposal."""
    return sa.func.coalesce(row.determined_on, to_court_date(row.proposed_at))


def is_of_behaviour(row: Frame, code: Any) -> SQL:
    """Return whether a deduction is for the behaviour of a code, in any edition of the catalogue."""
    behaviour = aliased(models.Behaviour)
    return exists(behaviour, behaviour.id == row.behaviour_id, behaviour.code == code)


def is_objection_of_behaviour(row: Frame, code: Any) -> SQL:
    """Return whether an objection is to a deduction for the behaviour of a code."""
    item = aliased(models.Deduction)
    return exists(item, item.id == row.deduction_id, is_of_behaviour(Frame(item), code))


def is_of_month(row: Frame, day: Any) -> SQL:
    """Return whether a deduction is in a batch of the month of a day."""
    batch = aliased(models.Batch)
    first = sa.cast(sa.func.date_trunc("month", sa.cast(day, sa.Date)), sa.Date)
    return exists(batch, batch.id == row.batch_id, batch.month == first)
