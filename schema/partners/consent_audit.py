"""Audits of consents, and their inputs."""

from datetime import date, datetime

import strawberry

import models
from auth.scopes import Scope
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from models.consent_audit import LetterFinding
from resolvers.partners import consent_audits
from resolvers.visibility.about import ABOUT_CONSENT_AUDIT
from resolvers.visibility.predicates import may_see_consent_audit
from schema.inputs import ID, key, mutation_input, required
from schema.lazy_types import LazyParty
from schema.partners.consent import KNOWN_CONSENT, Consent
from schema.requirements import COURT_OR_SUBJECT
from schema.scalars import Sha256

AUDITED = any_of(Scope.SELF, Scope.CONSENT, Scope.REGISTER)


@row_type(models.ConsentAudit, seen_by=may_see_consent_audit, about=ABOUT_CONSENT_AUDIT, requires=AUDITED)
class ConsentAudit(Node):
    """An audit of an authorisation letter (授权书核验): its recipient shows it, and a court decides."""

    drawn_at: datetime | None = column("When the letter was drawn by lot (抽查时间).")
    disputed_at: datetime | None = column("When its subject disputed it (异议时间).")
    statement: str | None = column("What its subject says (异议理由).", requires=COURT_OR_SUBJECT)
    due_at: datetime = column("By when the letter is to be shown (出示期限); after it the consent answers nothing.")
    shown_at: datetime | None = column("When the letter was shown (出示时间).")
    finding: LetterFinding | None = column("What the court found (核验结果); none while it is open.")
    reasons: str | None = column("Why (理由).")
    settled_at: datetime | None = column("When it was settled (核验时间).")
    consent: Consent = relation(models.ConsentAudit.consent, "The consent (授权).", requires=KNOWN_CONSENT)
    party: LazyParty | None = relation(
        consent_audits.PARTY, "The person, if the courts know it (当事人).", requires=COURT_OR_SUBJECT
    )


@mutation_input
class DisputeConsentInput:
    """An objection to a letter that one did not sign (授权异议)."""

    id: strawberry.ID = key(models.Consent, ID)
    statement: str = required("What is wrong with it (异议理由).")


@mutation_input
class ShowLetterInput:
    """The letter of an audited consent (出示授权书)."""

    # The file itself is sent to the court.
    id: strawberry.ID = key(models.ConsentAudit, ID)
    digest: Sha256 = required("SHA-256 of the scanned letter (影像摘要), as it was registered.")
    signed_on: date = required("Day of signature on the letter (签署日期).")


@mutation_input
class SettleConsentAuditInput:
    """A court's finding on a letter (授权书核验结论)."""

    id: strawberry.ID = key(models.ConsentAudit, ID)
    finding: LetterFinding = required("CONFIRMED restores the consent, REFUTED ends it (核验结果).")
    reason: str = required("The reasons that subject and recipient are given (理由).")
