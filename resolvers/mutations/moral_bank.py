"""The moral bank's head office confirms or returns; a village acknowledges (DOMAIN 5)."""

from casework import conversions
from casework.refusal import Refusal
from resolvers.mutations.acting import Acting


async def acknowledge(acting: Acting, *, id: int) -> int:
    """A village acknowledges its notice."""
    village = acting.caller.principal.village_key
    if village is None:
        raise Refusal("NOT_FOUND", "There is no such notice for your village.", "Look it up again.", "id")
    await conversions.acknowledge(acting.connection, id, village, acting.caller.now)
    return id
