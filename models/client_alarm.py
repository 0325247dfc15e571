"""Look-ups of persons by clients, counted, and alarms over those that were refused (R20, R27)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Keyed, link
from models.client import Client


class LookUpCount(Base):
    """A client's look-ups of persons within a minute, from the access log.

    misses: without consent, or with another name than the courts know. unknown: of nobody that the courts know.
    """

    __tablename__ = "look_up_count"
    __table_args__ = (CheckConstraint("misses >= 0 AND unknown >= 0 AND misses + unknown <= look_ups", name="parts"),)

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True)
    minute: Mapped[datetime] = mapped_column(primary_key=True)
    look_ups: Mapped[int]
    misses: Mapped[int]
    unknown: Mapped[int]


class ClientAlarm(Keyed):
    """An alarm: too many of a client's look-ups of persons since a time were misses. It brakes the client, unless that
    is a public portal.

    braked_until: until then the client's look-ups of persons are refused, unless an operator has lifted the brake; None
    if the alarm does not brake.
    """

    __tablename__ = "client_alarm"
    __table_args__ = (
        CheckConstraint("since < raised_at AND raised_at < braked_until", name="in_order"),
        CheckConstraint("lifted_at >= raised_at", name="lifted_later"),
        CheckConstraint("misses > 0 AND misses + unknown <= look_ups", name="parts"),
    )

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    raised_at: Mapped[datetime]
    since: Mapped[datetime]
    look_ups: Mapped[int]
    misses: Mapped[int]
    unknown: Mapped[int]
    braked_until: Mapped[datetime | None]
    lifted_at: Mapped[datetime | None]

    client: Mapped[Client] = link()
