"""The subjects of an answer: each gets an entry in the access log (R19)."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from engine.declare.relations import About, Frame
from engine.declare.sql import SQL
from resolvers.joins import look_up

ABOUT_ITSELF = About.of("id")
ABOUT_PARTY = About.of("party_id")
ABOUT_NOBODY = About()
"""One entry for the answer, without a subject."""


def list_participants(case: Frame) -> SQL:
    """Return the keys of all identified parties of a case."""
    part = aliased(models.Participation)
    found = sa.select(part.party_id).where(part.case_id == case.id, part.party_id.is_not(None)).distinct()
    return sa.func.array(found.scalar_subquery())


ABOUT_PARTICIPANTS = About(subjects=list_participants)


def party_of(row: Frame) -> SQL:
    """Return the party of the row's keyed hash, if known."""
    identity = aliased(models.Identity)
    return sa.select(identity.party_id).where(identity.index == row.subject_index).scalar_subquery()


def _shown_party(report: Frame) -> SQL:
    identity, code = aliased(models.Identity), aliased(models.ShareCode)
    mine = sa.select(identity.party_id).join(code, code.subject_index == identity.index)
    return mine.where(code.id == report.share_code_id).scalar_subquery()


ABOUT_DEDUCTION = About(look_up(models.Deduction, "party_id", "deduction_id"))
"""For rows of a deduction: its steps, its versions, its objections."""


def _contested_party(row: Frame) -> SQL:
    kinds = ((models.Deduction, "deduction_id"), (models.Listing, "listing_id"), (models.Sanction, "sanction_id"))
    found = (look_up(model, "party_id", key)(row) for model, key in (*kinds, (models.CodeRecord, "code_record_id")))
    return sa.func.coalesce(*found)


ABOUT_OBJECTION = About(_contested_party)
ABOUT_NOTICE = About(look_up(models.PointConversion, "party_id", "conversion_id"))
ABOUT_CONFLICT = About(lambda row: row.holder_id)
ABOUT_MEASURE = About(look_up(models.CodeRecord, "party_id", "code_record_id"))
ABOUT_CONSENT = ABOUT_SHARE_CODE = ABOUT_WATCH = About(party_of, details={"index": lambda row: row.subject_index})
"""For rows that hold the keyed hash of a number: consents, share codes, watches."""

ABOUT_SUBJECT_NOTICE = ABOUT_CONSENT


def _party_of_consent(row: Frame) -> SQL:
    identity, consent = aliased(models.Identity), aliased(models.Consent)
    mine = sa.select(identity.party_id).join(consent, consent.subject_index == identity.index)
    return mine.where(consent.id == row.consent_id).scalar_subquery()


SUBJECT_OF_CONSENT = look_up(models.Consent, "subject_index", "consent_id")
ABOUT_CONSENT_AUDIT = About(_party_of_consent, details={"index": SUBJECT_OF_CONSENT})
ABOUT_REPORT = About(_shown_party, details={"index": look_up(models.ShareCode, "subject_index", "share_code_id")})
ABOUT_EVENT = About.of("party_id", index=SUBJECT_OF_CONSENT)
