"""Whether a person was of age: what is established of it is one day of the party, which only goes down (R16, R18).

The day of birth is kept nowhere, since with the masked number it would be the number in clear. What is kept is the
earliest day on which the person is known to have been of age; conduct before it is a minor's.
"""

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.documents import parse_document
from models.identifiers import born_minor_on
from models.keyring import Keyring
from models.party import Identity, Party, PartyKind

ALWAYS = date.min
"""-infinity in the database: of an organization, and of a document that tells no day of birth."""


def of_age_from(born_on: date | None, days: Iterable[date]) -> date | None:
    """The earliest of some days on which somebody was of age; None if on none, ALWAYS if no day of birth is known."""
    if born_on is None:
        return ALWAYS
    return min((day for day in days if not born_minor_on(born_on, day)), default=None)


async def establish(connection: AsyncConnection, keyring: Keyring | None, party_key: int, *days: date) -> None:
    """Find out whether a person was of age on days of conduct, by its sealed number where it must be.

    Without a key ring, or without a number, nothing more is established: the conduct stays inside the court.
    """
    if keyring is None or not days:
        return
    query = (
        sa.select(Identity.index.label("bound_to"), Identity.sealed, Identity.type)
        .join(Party, Party.id == Identity.party_id)
        .where(Party.id == party_key, Party.kind == PartyKind.PERSON, Party.of_age_from > min(days))
        .order_by(Identity.main.desc(), Identity.id)
    )
    for found in (await connection.execute(query)).all():
        number = parse_document(found.type, keyring.open(found.sealed, found.bound_to))
        if day := of_age_from(number.born_on, days):
            lower = sa.update(Party).where(Party.id == party_key, Party.of_age_from > day).values(of_age_from=day)
            await connection.execute(lower)
