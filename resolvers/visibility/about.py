"""Whom an answer is about: an entry of the access log for each (R19)."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from engine.declare.relations import About, Frame
from engine.declare.sql import SQL

ABOUT_ITSELF = About.of("id")
ABOUT_PARTY = About.of("party_id")
ABOUT_NOBODY = About()
"""Logged once for the answer: it is about no one party, or must not say about whom."""


def participants(case: Frame) -> SQL:
    """All identified parties of a case."""
    part = aliased(models.Participation)
    found = sa.select(part.party_id).where(part.case_id == case.id, part.party_id.is_not(None)).distinct()
    return sa.func.array(found.scalar_subquery())


ABOUT_PARTICIPANTS = About(subjects=participants)


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


ABOUT_DEDUCTION = About(_deduction_party)
"""Of what belongs to a deduction: its steps, its versions, objections to it."""

ABOUT_NOTICE = About(_conversion_party)
ABOUT_CONFLICT = About(lambda row: row.holder_id)
ABOUT_MEASURE = About(_record_party)


ABOUT_CONSENT = About(party_of, details={"index": lambda consent: consent.subject_index})
ABOUT_SHARE_CODE = About(party_of, details={"index": lambda code: code.subject_index})
ABOUT_REPORT = About(_shown_party, details={"index": _shown_by})
ABOUT_WATCH = About(party_of, details={"index": lambda watch: watch.subject_index})
ABOUT_EVENT = About.of("party_id", index=_consented)
