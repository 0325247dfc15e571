"""The SQLSTATE of an error (PostgreSQL manual, appendix A), whichever driver or library has raised it."""

from sqlalchemy.exc import DBAPIError


def get_sqlstate(error: BaseException | None) -> str | None:
    """Return the SQLSTATE of an error, or None if it is not from PostgreSQL."""
    raised = error.orig if isinstance(error, DBAPIError) else error
    return getattr(raised, "sqlstate", None) or getattr(raised and raised.__cause__, "sqlstate", None)
