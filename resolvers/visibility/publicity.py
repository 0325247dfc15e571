"""What of an item may be known outside its court, and when: by what the database keeps (models/publicity.py)."""

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
    """Seen outside today (R6, R10, R13, R16)."""
    return sa.type_coerce(row.publicity.op("@>")(TODAY), sa.Boolean)


def may_leave(row: Frame, conduct: Operand, decision: Operand) -> SQL:
    """Whether an item may be known outside its court on any day: no minor's conduct, no closed matter (R16)."""
    return sa.func.may_leave_court(row.party_id, row.case_id, conduct, decision, type_=sa.Boolean)


def record_may_leave(row: Frame) -> SQL:
    """The same of a code record, which is as old as what it rests on."""
    rests_on = (row.sanction_id, row.listing_id, row.certificate_id, row.deduction_id, row.repaired_id)
    own = (row.party_id, row.case_id, row.effective_on)
    return sa.func.record_may_leave_court(*own, *rests_on, type_=sa.Boolean)


def is_of_minor(party_id: Operand, day: Operand) -> SQL:
    """Whether a party was, for all that is established, a minor on a day; false of an unidentified one.

    Both are of rows of the statement that it stands in.
    """
    party = aliased(models.Party)
    return sa.select(party.id).where(party.id == party_id, party.of_age_from > day).exists()


def is_minors_deduction(row: Frame, audience: Audience) -> SQL:
    """Whether a deduction is for a minor's conduct."""
    return is_of_minor(row.party_id, row.conduct_on)


def is_minors_participation(row: Frame, audience: Audience) -> SQL:
    """Whether a participation is a minor's: the filing of its case is its earliest conduct."""
    case, party = aliased(models.CourtCase), aliased(models.Party)
    joined = sa.select(case.id).join(party, party.id == row.party_id)
    return joined.where(case.id == row.case_id, party.of_age_from > case.filed_on).exists()
