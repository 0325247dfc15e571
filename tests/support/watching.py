"""What tests of watches, webhooks and subscriptions have in common: who may be watched, and who is."""

from uuid import uuid4

import sqlalchemy as sa
from chambers import START, Chambers
from world import KEYRING

from auth.audiences import Audience
from auth.scopes import Scope
from demo.city.cast import Subject

BANK, PORTAL = Audience.BANK, Audience.LITIGANT_PORTAL


def consent(chambers: Chambers, subject: Subject) -> None:
    """A consent to be watched, and nothing else."""
    values = {"key": chambers.clients[BANK].primary_key, "index": KEYRING.index(subject.number), "ref": str(uuid4())}
    insert = (
        "INSERT INTO consent (reference, client_key, subject_index, purposes, scopes, signed_on, valid_from, valid_to)"
        " VALUES (:ref, :key, :index, '{POST_LOAN_MONITORING}', :scopes, :day, :at, :at + interval '5 years')"
    )
    span = {"day": START.date(), "at": START, "scopes": [Scope.PERSON_CREDIT.value]}
    with chambers.engine.begin() as connection:
        connection.execute(sa.text(insert), values | span)


def key(subject: Subject, reference: str) -> dict[str, str]:
    number = "organizationCode" if subject.number.startswith("9") else "idNumber"
    return {"name": subject.name, number: subject.number, "reference": reference}


def end_consents(chambers: Chambers, subject: Subject) -> None:
    """A subject revokes whatever lets the bank watch."""
    portal = chambers.partner(PORTAL, subject)
    asked = "{ me { consents { id purposes revokedAt } } }"
    for one in chambers.data(portal, asked)["me"]["consents"]:
        if one["purposes"] == ["POST_LOAN_MONITORING"] and one["revokedAt"] is None:
            chambers.done(portal, "revokeConsent", "id", id=one["id"])
