"""The scopes and purposes of each audience; a client may hold fewer (DOMAIN 3)."""

from auth.scopes import PERSONS, Scope
from models.audience import Audience, Purpose

__all__ = ["ORGANIZATION_PURPOSES", "PURPOSES", "SCOPES", "Audience", "Purpose", "scopes_of"]

SUBJECTS = frozenset({Scope.CATALOGUE, Scope.SUBJECT, Scope.ORGANIZATION})
TOLD = frozenset({Scope.EVENT, Scope.WEBHOOK_WRITE})
BULK = frozenset({Scope.BULK, Scope.BULK_WRITE})
LENDING = frozenset({Scope.CONSENT, Scope.CONSENT_WRITE, Scope.LOAN, Scope.LOAN_WRITE})
MONITORING = TOLD | {Scope.WATCH, Scope.WATCH_WRITE}
HOLDINGS = frozenset(PERSONS) | {Scope.CATALOGUE, Scope.ORGANIZATION}

SCOPES: dict[Audience, frozenset[Scope]] = {
    Audience.BANK: SUBJECTS.union(PERSONS, MONITORING, LENDING, BULK),
    Audience.EMPLOYER: SUBJECTS | TOLD | BULK | {Scope.PERSON_INTEGRITY, Scope.CONSENT},
    Audience.COMMERCE: SUBJECTS | TOLD | BULK,
    Audience.MORAL_BANK: BULK | {Scope.CATALOGUE, Scope.CONVERSION, Scope.CONVERSION_WRITE, Scope.HOUSEHOLD_WRITE},
    Audience.VILLAGE: frozenset({Scope.NOTICE, Scope.NOTICE_WRITE}),
    Audience.COURT: HOLDINGS
    | BULK
    | {Scope.REGISTER, Scope.PROCEDURE, Scope.STATISTICS, Scope.EVENT, Scope.PROCEDURE_WRITE},
    Audience.PUBLIC_PORTAL: frozenset({Scope.CATALOGUE, Scope.PUBLICATION}),
    Audience.LITIGANT_PORTAL: HOLDINGS
    | {Scope.PROCEDURE, Scope.SELF, Scope.EVENT, Scope.REMEDY_WRITE, Scope.GRANT_WRITE},
    Audience.CREDIT_PLATFORM: BULK | {Scope.CATALOGUE, Scope.MEASURE, Scope.MEASURE_WRITE},
    Audience.AUDITOR: BULK | {Scope.AUDIT, Scope.STATISTICS},
    Audience.LABOUR_ARBITRATION: TOLD | BULK | {Scope.CATALOGUE, Scope.AWARD, Scope.AWARD_WRITE},
}

ORGANIZATION_PURPOSES = frozenset({Purpose.EMPLOYER_CHECK, Purpose.SUPPLIER_DUE_DILIGENCE, Purpose.BIDDING_REVIEW})
"""Purposes for organizations only: they need no consent, and never return data of natural persons."""

PURPOSES: dict[Audience, frozenset[Purpose]] = {
    Audience.BANK: frozenset(
        {Purpose.LOAN_APPROVAL, Purpose.GUARANTEE_REVIEW, Purpose.POST_LOAN_MONITORING, Purpose.INCENTIVE_LOAN}
    ),
    Audience.EMPLOYER: ORGANIZATION_PURPOSES | {Purpose.EMPLOYMENT_CHECK, Purpose.SENIOR_POST_QUALIFICATION},
    Audience.COMMERCE: ORGANIZATION_PURPOSES,
    Audience.MORAL_BANK: frozenset({Purpose.MORAL_BANK}),
    Audience.VILLAGE: frozenset({Purpose.MORAL_BANK}),
    Audience.COURT: frozenset({Purpose.JUDICIAL}),
    Audience.PUBLIC_PORTAL: frozenset({Purpose.PUBLIC_LOOKUP}),
    Audience.LITIGANT_PORTAL: frozenset({Purpose.SELF}),
    Audience.CREDIT_PLATFORM: frozenset({Purpose.SUPERVISION}),
    Audience.AUDITOR: frozenset({Purpose.SUPERVISION}),
    Audience.LABOUR_ARBITRATION: frozenset({Purpose.AWARD_ENFORCEMENT}),
}


def scopes_of(audience: Audience) -> frozenset[Scope]:
    """Return the scopes that a client of this audience may hold."""
    return SCOPES[audience]
