"""Errors that a client may see. Other errors are masked, and logged without personal data."""

from typing import Any

from graphql import GraphQLError


class ExpectedError(GraphQLError):
    """An error with a message for the client. `code` is added to its extensions."""

    code = "BAD_INPUT"

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message, extensions={"code": self.code, **extensions})


class BadInputError(ExpectedError):
    """An argument has a wrong value of the right type."""


class BadCursorError(ExpectedError):
    """A cursor was not issued by this connection."""

    code = "BAD_CURSOR"


class BadPageSizeError(ExpectedError):
    """`first` is outside 1 to 100."""

    code = "BAD_PAGE_SIZE"


class BadIdError(ExpectedError):
    """An id was not issued by this service."""

    code = "BAD_ID"


class ForbiddenError(ExpectedError):
    """The document reads fields beyond the scopes of the token (RFC 6750, section 3.1: insufficient_scope)."""

    code = "FORBIDDEN"


class TooManySubjectsError(ExpectedError):
    """A request contains more items than a batch may have."""

    code = "TOO_MANY_SUBJECTS"
