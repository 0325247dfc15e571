"""The request log of clients, and their usage by day. Neither holds personal data."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed


class RequestEntry(Keyed):
    """An HTTP request of an authenticated client, as long as the log is kept. Written by `casework.request_log` only.

    at: of its response. staff_id: the officer whose token it was. path: without the values in it. operation: query,
    mutation or subscription. field: its root field, or `several`. Both are NULL if no operation was read. outcome: OK,
    or the code of the first error. cost: the points charged. milliseconds: until the response began.
    """

    __tablename__ = "request_entry"
    __table_args__ = (
        CheckConstraint("operation IN ('query', 'mutation', 'subscription')", name="operation"),
        CheckConstraint("status BETWEEN 100 AND 599", name="status"),
        CheckConstraint("cost >= 0 AND milliseconds >= 0", name="measured"),
        Index("ix_request_entry_client_key_at", "client_key", "at", "id"),
        Index("ix_request_entry_at", "at"),
    )

    at: Mapped[datetime]
    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    request_id: Mapped[UUID]
    path: Mapped[str]
    operation: Mapped[str | None]
    field: Mapped[str | None]
    status: Mapped[int]
    outcome: Mapped[str]
    cost: Mapped[int | None]
    milliseconds: Mapped[float] = mapped_column(sa.Double)


class ClientUsage(Keyed):
    """The requests of a client on a day, by root field, counted. Written by `casework.request_log` only.

    day: in the court's time zone. field: as in `RequestEntry`, or the path. refused: answers with an error, throttled
    ones included. throttled: those refused for want of budget or for too many at a time. cost: points charged.
    milliseconds: of all requests together.
    """

    __tablename__ = "client_usage"
    __table_args__ = (
        sa.UniqueConstraint("client_key", "day", "field"),
        CheckConstraint(
            "requests > 0 AND throttled <= refused AND refused <= requests AND throttled >= 0", name="parts"
        ),
        CheckConstraint("cost >= 0 AND milliseconds >= 0", name="measured"),
    )

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"))
    day: Mapped[date]
    field: Mapped[str]
    requests: Mapped[int] = mapped_column(BigInteger)
    refused: Mapped[int] = mapped_column(BigInteger)
    throttled: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[int] = mapped_column(BigInteger)
    milliseconds: Mapped[float] = mapped_column(sa.Double)
