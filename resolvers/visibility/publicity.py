"""Publicity of items outside their court, by what the database stores (models/publicity.py)."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL, Operand
from resolvers.view import TODAY

UNKNOWN: SQL = sa.cast(sa.null(), sa.Date)
"""A day that an item does not have."""


def is_public(row: Frame) -> SQL:
    """Return whether an item is public today (R6, R10, R13, R16)."""
    return sa.type_coerce(row.publicity.op("@>")(TODAY), sa.Boolean)


def may_leave(row: Frame, conduct: Operand, decision: Operand) -> SQL:
    """Return whether an item may ever be public: no minor's conduct, no undisclosed case (R16)."""
    return sa.func.may_leave_court(row.party_id, row.case_id, conduct, decision, type_=sa.Boolean)


def record_may_leave(row: Frame) -> SQL:
    """Return whether a code record may ever be public, with the item that it rests on."""
    rests_on = (row.sanction_id, row.listing_id, row.certificate_id, row.deduction_id, row.repaired_id)
    own = (row.party_id, row.case_id, row.effective_on)
    return sa.func.record_may_leave_court(*own, *rests_on, type_=sa.Boolean)


def has_published(court: Operand, party_id: Operand) -> SQL:
    """Return whether the court of this code has published an item about a party. Both arguments are columns of the
    enclosing statement."""
    deduction, case = aliased(models.Deduction), aliased(models.CourtCase)
    about = (deduction.party_id == party_id, case.court_code == court, is_public(Frame(deduction)))
    found = sa.select(deduction.id).join(case, case.id == deduction.case_id).where(*about)
    of_case = found.correlate_except(deduction, case).exists()
    return sa.or_(of_case, *(_has_published(model, court, party_id) for model in (models.Listing, models.CodeRecord)))


def _has_published(model: Any, court: Operand, party_id: Operand) -> SQL:
    item = aliased(model)
    about = (item.party_id == party_id, item.court_code == court, is_public(Frame(item)))
    return sa.select(item.id).where(*about).correlate_except(item).exists()


def is_of_minor(party_id: Operand, day: Operand) -> SQL:
    """Return whether a party is not established to be of age on a day; false for an unidentified party. Both arguments
    are columns of the enclosing statement."""
    party = aliased(models.Party)
    return sa.select(party.id).where(party.id == party_id, party.of_age_from > day).exists()


def is_minors_deduction(row: Frame, audience: Audience) -> SQL:
    """Return whether a deduction is for a minor's conduct."""
    return is_of_minor(row.party_id, row.conduct_on)


def is_minors_participation(row: Frame, audience: Audience) -> SQL:
    """Return whether a participation is a minor's, on the day of filing."""
    case, party = aliased(models.CourtCase), aliased(models.Party)
    joined = sa.select(case.id).join(party, party.id == row.party_id)
    return joined.where(case.id == row.case_id, party.of_age_from > case.filed_on).exists()
