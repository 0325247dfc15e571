"""Publicity: the days on which an item may be seen outside the court, kept by the database (R6, R10, R13, R16)."""

from datetime import date

from sqlalchemy import FetchedValue
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.orm import Mapped, mapped_column


class Public:
    """An item with the days of its publicity, first and last included; empty where it is never seen outside.

    Triggers compute it in every statement that changes the item, its case, its party, or its code record (revision
    0020 has the rules, one function a kind of item). Nothing else writes it.
    """

    publicity: Mapped[Range[date]] = mapped_column(
        DATERANGE, server_default="empty", server_onupdate=FetchedValue(), sort_order=1
    )
