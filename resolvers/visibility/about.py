"""Whom an answer is about: an entry of the access log for each (R19)."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from engine.declare.relations import About, Frame
from engine.declare.sql import SQL
from resolvers.credit.standings import ABOUT as STANDING_ABOUT
from resolvers.credit.standings import HouseholdStanding

ABOUT_ITSELF = About(party=lambda party: party.id)
ABOUT_PARTY = About(party=lambda row: row.party_id)
ABOUT_NOBODY = About()
"""Logged once for the answer: it is about no one party, or must not say about whom."""


def participants(case: Frame) -> SQL:
    """All identified parties of a case."""
    part = aliased(models.Participation)
    found = sa.select(part.party_id).where(part.case_id == case.id, part.party_id.is_not(None)).distinct()
    return sa.func.array(found.scalar_subquery())


ABOUT_PARTICIPANTS = About(parties=participants)


def _conversion_party(notice: Frame) -> SQL:
    conversion = aliased(models.PointConversion)
    return sa.select(conversion.party_id).where(conversion.id == notice.conversion_id).scalar_subquery()


def _record_party(measure: Frame) -> SQL:
    record = aliased(models.CodeRecord)
    return sa.select(record.party_id).where(record.id == measure.code_record_id).scalar_subquery()


def _deduction_party(part: Frame) -> SQL:
    deduction = aliased(models.Deduction)
    return sa.select(deduction.party_id).where(deduction.id == part.deduction_id).scalar_subquery()


def party_of(row: Frame) -> SQL:
    """The party whose number has the row's keyed hash, if the court knows one."""
    identity = aliased(models.Identity)
    return sa.select(identity.party_id).where(identity.index == row.subject_index).scalar_subquery()


def _shown_by(report: Frame) -> SQL:
    code = aliased(models.ShareCode)
    return sa.select(code.subject_index).where(code.id == report.share_code_id).scalar_subquery()


def _shown_party(report: Frame) -> SQL:
    identity, code = aliased(models.Identity), aliased(models.ShareCode)
    mine = sa.select(identity.party_id).join(code, code.subject_index == identity.index)
    return mine.where(code.id == report.share_code_id).scalar_subquery()


def _consented(event: Frame) -> SQL:
    consent = aliased(models.Consent)
    return sa.select(consent.subject_index).where(consent.id == event.consent_id).scalar_subquery()


ABOUT_DEDUCTION = About(party=_deduction_party)
"""Of what belongs to a deduction: its steps, its versions, objections to it."""

ABOUT_NOTICE = About(party=_conversion_party)
ABOUT_CONFLICT = About(party=lambda row: row.holder_id)
ABOUT_MEASURE = About(party=_record_party)


ABOUT: Mapping[type, About] = {
    models.Party: ABOUT_ITSELF,
    models.CourtCase: ABOUT_PARTICIPANTS,
    models.IdentityConflict: ABOUT_CONFLICT,
    models.Objection: ABOUT_DEDUCTION,
    models.DeductionStep: ABOUT_DEDUCTION,
    models.DeductionVersion: ABOUT_DEDUCTION,
    models.VillageNotice: ABOUT_NOTICE,
    models.Measure: ABOUT_MEASURE,
    models.Consent: About(party=party_of, index=lambda consent: consent.subject_index),
    models.AccessRecord: ABOUT_NOBODY,
    models.ShareCode: About(party=party_of, index=lambda code: code.subject_index),
    models.IntegrityReport: About(party=_shown_party, index=_shown_by),
    models.Watch: About(party=party_of, index=lambda watch: watch.subject_index),
    HouseholdStanding: STANDING_ABOUT,
    models.Event: About(party=lambda event: event.party_id, index=_consented),
}
"""Models whose rows do not simply name their party."""


def about_row_of(model: type) -> About | None:
    """Whom a single row of `model` is about; None for catalogues and the like."""
    if model in ABOUT:
        return ABOUT[model]
    return ABOUT_PARTY if hasattr(model, "party_id") else None
