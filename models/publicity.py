"""Publicity: the days on which an item is visible outside the court (R6, R10, R13, R16)."""

from datetime import date

from sqlalchemy import FetchedValue
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Mapped, mapped_column


class Public:
    """A table whose rows have a publicity: the range of days on which a row is visible outside; empty for never.

    Triggers compute it whenever the row, its case, its party or its code record changes (revision 0020).
    """

    publicity: Mapped[Range[date]] = mapped_column(server_default="empty", server_onupdate=FetchedValue(), sort_order=1)
