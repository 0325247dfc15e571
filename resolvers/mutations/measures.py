"""The city's credit platform recognises measures (DOMAIN 1)."""

from datetime import date

from casework import measures
from models.measure import Measure
from resolvers.mutations.acting import Acting


async def record_recognition(acting: Acting, *, id: str, recognised_on: date) -> int:
    """The platform recognises a measure."""
    key = acting.key(id, Measure)
    await measures.recognise(acting.connection, key, recognised_on, acting.caller.now)
    return key
