"""Refusals of the procedure, each with a hint."""

from enum import StrEnum

from languages.sentence import say


class Code(StrEnum):
    """Machine-readable reasons of refusals."""

    ANSWERED = "ANSWERED"
    APPLIED = "APPLIED"
    BAD_DATE = "BAD_DATE"
    BAD_DECISION_NUMBER = "BAD_DECISION_NUMBER"
    BAD_DOCUMENT = "BAD_DOCUMENT"
    BAD_EXTENT = "BAD_EXTENT"
    BAD_ID = "BAD_ID"
    BAD_NUMBER = "BAD_NUMBER"
    BAD_PURPOSE = "BAD_PURPOSE"
    BAD_SCOPE = "BAD_SCOPE"
    BAD_TEXT = "BAD_TEXT"
    BAD_URL = "BAD_URL"
    BATCH_EXISTS = "BATCH_EXISTS"
    BATCH_PUBLISHED = "BATCH_PUBLISHED"
    BEHAVIOUR_REQUIRED = "BEHAVIOUR_REQUIRED"
    BLUE = "BLUE"
    CATALOGUE = "CATALOGUE"
    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    DECIDED = "DECIDED"
    EVIDENCE_REQUIRED = "EVIDENCE_REQUIRED"
    EXPIRED = "EXPIRED"
    FINDING_REQUIRED = "FINDING_REQUIRED"
    FINDING_REVOKED = "FINDING_REVOKED"
    ISSUED = "ISSUED"
    LISTED = "LISTED"
    NEGATIVE_AMOUNT = "NEGATIVE_AMOUNT"
    NOT_A_PARTICIPANT = "NOT_A_PARTICIPANT"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    NOT_FOUND = "NOT_FOUND"
    NOT_NOTIFIED = "NOT_NOTIFIED"
    NOT_YOURS = "NOT_YOURS"
    NOTIFIED = "NOTIFIED"
    OBJECTION_OPEN = "OBJECTION_OPEN"
    OTHER_SUBJECT = "OTHER_SUBJECT"
    POINTS_OUT_OF_BAND = "POINTS_OUT_OF_BAND"
    POINTS_RAISED = "POINTS_RAISED"
    PROPOSED = "PROPOSED"
    REASON_REQUIRED = "REASON_REQUIRED"
    RECORDED = "RECORDED"
    REGISTERED = "REGISTERED"
    REVOKED = "REVOKED"
    SAME_PERSON = "SAME_PERSON"
    SECOND_FACTOR_REQUIRED = "SECOND_FACTOR_REQUIRED"
    STALE_VERSION = "STALE_VERSION"
    TOO_EARLY = "TOO_EARLY"
    UNDECIDED = "UNDECIDED"
    UNKNOWN_BEHAVIOUR = "UNKNOWN_BEHAVIOUR"
    WRONG_ROLE = "WRONG_ROLE"
    WRONG_STAGE = "WRONG_STAGE"
    WRONG_STATE = "WRONG_STATE"


class Refusal(Exception):
    """A step that is not permitted. Its transaction is rolled back.

    code: for programs. field: the input concerned, if any. hint: what to do instead.
    """

    def __init__(self, code: str, message: str, hint: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.field = Code(code), message, hint, field


def refuse_missing(what: str, field: str = "id") -> Refusal:
    """Return the refusal of a row that does not exist, or that the caller may not know of (R20)."""
    return Refusal("NOT_FOUND", say("There is no such {what}.", what=say(what)), "Look it up again.", field)
