"""Whom an answer is about: an entry of the access log for each (R19)."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

import models
from resolvers.declarations import SQL, About, Frame


def one_party(row: Frame) -> SQL:
    """The one party that a row belongs to."""
    return array([row.party_id])


ABOUT_ITSELF = About(lambda party: array([party.id]))
ABOUT_PARTY = About(one_party)
ABOUT_NOBODY = About()
"""Logged once for the answer: it is about no one party, or must not say about whom."""


def participants(case: Frame) -> SQL:
    """All identified parties of a case."""
    part = aliased(models.Participation)
    found = sa.select(part.party_id).where(part.case_id == case.id, part.party_id.is_not(None)).distinct()
    return sa.func.array(found.scalar_subquery())


ABOUT_PARTICIPANTS = About(participants)


def _conversion_party(notice: Frame) -> SQL:
    conversion = aliased(models.PointConversion)
    return sa.func.array(sa.select(conversion.party_id).where(conversion.id == notice.conversion_id).scalar_subquery())


def _record_party(measure: Frame) -> SQL:
    record = aliased(models.CodeRecord)
    return sa.func.array(sa.select(record.party_id).where(record.id == measure.code_record_id).scalar_subquery())


def _objection_party(objection: Frame) -> SQL:
    deduction = aliased(models.Deduction)
    return sa.func.array(sa.select(deduction.party_id).where(deduction.id == objection.deduction_id).scalar_subquery())


ABOUT_OBJECTION = About(_objection_party)
ABOUT_NOTICE = About(_conversion_party)
ABOUT_MEASURE = About(_record_party)


def about_row_of(model: type) -> About | None:
    """Whom a single row of `model` is about; None for catalogues and the like."""
    if model is models.Party:
        return ABOUT_ITSELF
    if model is models.CourtCase:
        return ABOUT_PARTICIPANTS
    return ABOUT_PARTY if hasattr(model, "party_id") else None
