"""Audits of consents."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from engine.declare.relations import Frame, Relation
from engine.declare.sql import SQL


def _is_of_audit(audit: Frame, party: Frame) -> SQL:
    """Return whether the party has the number that the audited consent is for."""
    consent, identity = aliased(models.Consent), aliased(models.Identity)
    owner = sa.select(identity.party_id).join(consent, consent.subject_index == identity.index)
    found: SQL = party.id == owner.where(consent.id == audit.consent_id).scalar_subquery()
    return found


PARTY = Relation(models.Party, _is_of_audit, {"consent_id": sa.BigInteger()})
