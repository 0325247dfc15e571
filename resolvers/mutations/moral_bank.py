"""The moral bank's head office confirms or returns; a village acknowledges (DOMAIN 5)."""

from casework import conversions
from casework.refusal import Refusal
from models.point_conversion import PointConversion, VillageNotice
from resolvers.mutations.acting import Acting


async def confirm(acting: Acting, *, id: str) -> int:
    """The head office confirms a conversion."""
    key = acting.key(id, PointConversion)
    await conversions.confirm(acting.connection, key, acting.caller.now)
    return key


async def send_back(acting: Acting, *, id: str, reason: str) -> int:
    """The head office returns a conversion."""
    key = acting.key(id, PointConversion)
    await conversions.send_back(acting.connection, key, reason)
    return key


async def acknowledge(acting: Acting, *, id: str) -> int:
    """A village acknowledges its notice."""
    key, village = acting.key(id, VillageNotice), acting.caller.principal.village_key
    if village is None:
        raise Refusal("NOT_FOUND", "There is no such notice for your village.", "Look it up again.", "id")
    await conversions.acknowledge(acting.connection, key, village, acting.caller.now)
    return key
