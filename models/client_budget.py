"""What each client has left of its budget, shared by all workers. Nothing is lost with it: a bucket fills by itself."""

from datetime import datetime

from sqlalchemy import Double, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class ClientBudget(Base):
    """A leaky bucket: `balance` points at `at`, below zero after an operation dearer than the bucket is deep."""

    __tablename__ = "client_budget"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    client_key: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True)
    balance: Mapped[float] = mapped_column(Double)
    at: Mapped[datetime]
