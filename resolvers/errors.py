"""The errors of the courts' own rules that a client may see; the rest are the engine's."""

from engine.load.errors import ExpectedError


class CaseNumberError(ExpectedError):
    """A case number that cannot be read."""

    code = "BAD_CASE_NUMBER"


class PurposeError(ExpectedError):
    """A purpose that the client was not registered for, or none where one is needed."""

    code = "PURPOSE_NOT_ALLOWED"
