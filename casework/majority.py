"""Whether a person was of age: what is established of it is one day of the party, which only goes down (R16, R18).

The day of birth is kept nowhere, since with the masked number it would be the number in clear. What is kept is the
earliest day on which the person is known to have been of age; conduct before it is a minor's.
"""

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.identifiers import born_minor_on, parse_person_number
from models.keyring import Keyring
from models.party import Identity, IdentityType, Party

ALWAYS = date.min
"""-infinity in the database: of an organization, and of a document that tells no day of birth."""


def of_age_from(born_on: date | None, days: Iterable[date]) -> date | None:
    """The earliest of some days on which somebody was of age; None if on none, ALWAYS if no day of birth is known."""
    if born_on is None:
        return ALWAYS
    return min((day for day in days if not born_minor_on(born_on, day)), default=None)


async def establish(connection: AsyncConnection, keyring: Keyring | None, party_key: int, day: date) -> None:
    """Find out whether a person was of age on a day of conduct, by its sealed number where it must be.

    Without a key ring, or without a number, nothing more is established: the conduct stays inside the court.
    """
    query = (
        sa.select(Identity.index.label("bound_to"), Identity.sealed, Identity.type)
        .join(Party, Party.id == Identity.party_id)
        .where(Party.id == party_key, Party.of_age_from > day)
    )
    found = (await connection.execute(query)).one_or_none()
    if keyring is None or found is None or found.type is not IdentityType.RESIDENT_ID:
        return
    number = parse_person_number(keyring.open(found.sealed, found.bound_to))
    if of_age_from(number.born_on, [day]) is not None:
        lower = sa.update(Party).where(Party.id == party_key, Party.of_age_from > day).values(of_age_from=day)
        await connection.execute(lower)
