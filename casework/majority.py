"""Whether a person was of age: what is established of it is one day of the party, which only goes down (R16, R18).

The day of birth is kept nowhere, since with the masked number it would be the number in clear. What is kept is the
earliest day on which the person is known to have been of age; conduct before it is a minor's.
"""

from collections.abc import Iterable
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.documents import parse_document
from models.identifiers import was_minor
from models.keyring import Keyring
from models.party import Identity, Party, PartyKind

ALWAYS = date.min
"""-infinity in the database: of an organization, and of a document that tells no day of birth."""


def find_adult_day(born_on: date | None, days: Iterable[date]) -> date | None:
    """The earliest of some days on which somebody was of age; None if on none, ALWAYS if no day of birth is known."""
    if born_on is None:
        return ALWAYS
    return min((day for day in days if not was_minor(born_on, day)), default=None)


async def establish(connection: AsyncConnection, keyring: Keyring | None, party_key: int, *days: date) -> None:
    """Find out whether a person was of age on days of conduct, by its sealed number where it must be.

    Without a key ring, or without a number, nothing more is established: the conduct stays inside the court.
    """
    if day := await read_adult_day(connection, keyring, party_key, *days):
        await lower(connection, party_key, day)


async def read_adult_day(
    connection: AsyncConnection, keyring: Keyring | None, party_key: int, *days: date
) -> date | None:
    """The earliest of some days on which the sealed number tells that a person was of age; None of what is known."""
    if keyring is None or not days:
        return None
    query = (
        sa.select(Identity.index.label("bound_to"), Identity.sealed, Identity.type)
        .join(Party, Party.id == Identity.party_id)
        .where(Party.id == party_key, Party.kind == PartyKind.PERSON, Party.of_age_from > min(days))
        .order_by(Identity.main.desc(), Identity.id)
    )
    found = (await connection.execute(query)).all()
    opened = (parse_document(row.type, keyring.open(row.sealed, row.bound_to)) for row in found)
    told = (find_adult_day(number.born_on, days) for number in opened)
    return min((day for day in told if day is not None), default=None)


async def lower(connection: AsyncConnection, party_key: int, day: date) -> None:
    """Note that a person was of age on a day, where that was not known."""
    update = sa.update(Party).where(Party.id == party_key, Party.of_age_from > day)
    await connection.execute(update.values(of_age_from=day))
