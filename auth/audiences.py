"""Who the clients are: each audience is a set of scopes and a set of purposes (DOMAIN 3)."""

from enum import StrEnum

from auth.scopes import Scope


class Purpose(StrEnum):
    """Why a subject is looked up. Bound to consent (R15) and written to the access log (R19)."""

    LOAN_APPROVAL = "LOAN_APPROVAL"
    GUARANTEE_REVIEW = "GUARANTEE_REVIEW"
    POST_LOAN_MONITORING = "POST_LOAN_MONITORING"
    INCENTIVE_LOAN = "INCENTIVE_LOAN"
    EMPLOYMENT_CHECK = "EMPLOYMENT_CHECK"
    SENIOR_POST_QUALIFICATION = "SENIOR_POST_QUALIFICATION"
    EMPLOYER_CHECK = "EMPLOYER_CHECK"
    SUPPLIER_DUE_DILIGENCE = "SUPPLIER_DUE_DILIGENCE"
    BIDDING_REVIEW = "BIDDING_REVIEW"
    MORAL_BANK = "MORAL_BANK"
    JUDICIAL = "JUDICIAL"
    SELF = "SELF"
    PUBLIC_LOOKUP = "PUBLIC_LOOKUP"
    SUPERVISION = "SUPERVISION"


class Audience(StrEnum):
    """A kind of client. What it may reach at most; a client may hold less."""

    BANK = "BANK"
    EMPLOYER = "EMPLOYER"
    COMMERCE = "COMMERCE"
    MORAL_BANK = "MORAL_BANK"
    VILLAGE = "VILLAGE"
    COURT = "COURT"
    PUBLIC_PORTAL = "PUBLIC_PORTAL"
    LITIGANT_PORTAL = "LITIGANT_PORTAL"
    CREDIT_PLATFORM = "CREDIT_PLATFORM"
    AUDITOR = "AUDITOR"

    @property
    def scopes(self) -> frozenset[Scope]:
        """The most that a client of this audience may be given."""
        return SCOPES[self]

    @property
    def purposes(self) -> frozenset[Purpose]:
        """The purposes that a client of this audience may name."""
        return PURPOSES[self]


SUBJECTS = frozenset({Scope.CATALOGUE, Scope.SUBJECT, Scope.ORGANIZATION})
HOLDINGS = frozenset({Scope.CATALOGUE, Scope.ORGANIZATION, Scope.PERSON_CREDIT, Scope.PERSON_INTEGRITY})

SCOPES: dict[Audience, frozenset[Scope]] = {
    Audience.BANK: SUBJECTS | {Scope.PERSON_CREDIT, Scope.PERSON_INTEGRITY},
    Audience.EMPLOYER: SUBJECTS | {Scope.PERSON_INTEGRITY},
    Audience.COMMERCE: SUBJECTS,
    Audience.MORAL_BANK: frozenset({Scope.CATALOGUE, Scope.CONVERSION}),
    Audience.VILLAGE: frozenset({Scope.NOTICE}),
    Audience.COURT: HOLDINGS | {Scope.REGISTER, Scope.PROCEDURE},
    Audience.PUBLIC_PORTAL: frozenset({Scope.CATALOGUE, Scope.PUBLICATION}),
    Audience.LITIGANT_PORTAL: HOLDINGS | {Scope.PROCEDURE, Scope.SELF},
    Audience.CREDIT_PLATFORM: frozenset({Scope.CATALOGUE, Scope.MEASURE}),
    Audience.AUDITOR: frozenset({Scope.AUDIT}),
}

ORGANIZATION_PURPOSES = frozenset({Purpose.EMPLOYER_CHECK, Purpose.SUPPLIER_DUE_DILIGENCE, Purpose.BIDDING_REVIEW})
"""Purposes that reach organizations only; no consent is needed, and no natural person is ever answered for."""

PURPOSES: dict[Audience, frozenset[Purpose]] = {
    Audience.BANK: frozenset(
        {
            Purpose.LOAN_APPROVAL,
            Purpose.GUARANTEE_REVIEW,
            Purpose.POST_LOAN_MONITORING,
            Purpose.INCENTIVE_LOAN,
        }
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
}
