"""The rate limit of a client."""

import strawberry

from auth.budget import Status
from engine.declare.fields import Info
from engine.policy import OPEN, require


@strawberry.type(
    description="What you have left of your budget (额度): a leaky bucket of cost points. The time of the database is "
    "charged, where it is more than the objects of an answer: see `extensions.cost.actualQueryCost`."
)
class RateLimit:
    """The budget of a client."""

    cost: int = strawberry.field(
        description="What this request was charged before it ran: its cost by the document (本次预扣)."
    )
    limit: int = strawberry.field(description="What the bucket holds at most (上限).")
    remaining: int = strawberry.field(description="What it holds now (剩余).")
    restore_rate: int = strawberry.field(description="Points that are restored a second (每秒恢复).")
    budget: int = strawberry.field(description="Points a minute (每分钟额度).")


require(RateLimit, OPEN)


def get_rate_limit(info: Info) -> RateLimit | None:
    """Return the budget after this request was charged."""
    charge = info.context.caller.charge
    if charge is None:
        return None
    status: Status = charge.status
    return RateLimit(
        cost=charge.cost,
        limit=status.maximum,
        remaining=status.available,
        restore_rate=status.restored,
        budget=charge.budget,
    )
