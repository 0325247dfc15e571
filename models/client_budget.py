"""The remaining budgets of clients, shared by all workers. An unlogged table, since budgets refill."""

from datetime import datetime

from sqlalchemy import Double, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class ClientBudget(Base):
    """A leaky bucket with `balance` points at the time `at`. An expensive operation makes it negative."""

    __tablename__ = "client_budget"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True)
    balance: Mapped[float] = mapped_column(Double)
    at: Mapped[datetime]
