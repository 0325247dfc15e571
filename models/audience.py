"""Who clients are and why they look somebody up: the two enums that tables and rules share (DOMAIN 3)."""

from enum import StrEnum


class Audience(StrEnum):
    """A kind of client. `auth.audiences` says what it may reach at most; a client may hold less."""

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
