"""Errors of the domain that a client may see; the others are defined by the engine."""

from engine.load.errors import ExpectedError


class CaseNumberError(ExpectedError):
    """A malformed case number."""

    code = "BAD_CASE_NUMBER"


class BrakedError(ExpectedError):
    """The client's look-ups of persons are refused for a time, because too many of them were misses.

    Its extension `retryAfter` is in whole seconds.
    """

    code = "BRAKED"


class PurposeError(ExpectedError):
    """A purpose that the client is not registered for, or a missing purpose."""

    code = "PURPOSE_NOT_ALLOWED"
