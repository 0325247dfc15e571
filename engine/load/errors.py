"""The errors that a client may see. Anything else is masked, and logged without personal data."""

from typing import Any

from graphql import GraphQLError


class ExpectedError(GraphQLError):
    """An error that tells a client what was wrong, where, and what to do. `code` goes into its extensions."""

    code = "BAD_INPUT"

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message, extensions={"code": self.code, **extensions})


class BadInputError(ExpectedError):
    """An argument has the right type and a wrong value."""


class BadCursorError(ExpectedError):
    """A cursor that this connection did not give out."""

    code = "BAD_CURSOR"


class BadPageSizeError(ExpectedError):
    """`first` is outside 1 to 100."""

    code = "BAD_PAGE_SIZE"


class BadIdError(ExpectedError):
    """A node id that this service did not give out."""

    code = "BAD_ID"


class ForbiddenError(ExpectedError):
    """The document asks for fields beyond the token's scopes (RFC 6750, section 3.1: insufficient_scope)."""

    code = "FORBIDDEN"


class TooManySubjectsError(ExpectedError):
    """More in one call than a batch may have."""

    code = "TOO_MANY_SUBJECTS"
