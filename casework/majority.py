"""The day from which a person is known to be of age; once established, it is only ever moved back (R16, R18).

The date of birth is not stored, since it would complete the masked number. Conduct before that day is a minor's.
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
"""-infinity in the database: for organizations, and for documents without a date of birth."""


NOT_YET_OF_AGE = (
    sa.select(Identity.index.label("bound_to"), Identity.sealed, Identity.type)
    .join(Party, Party.id == Identity.party_id)
    .where(
        Party.id == sa.bindparam("party"),
        Party.kind == PartyKind.PERSON,
        Party.of_age_from > sa.bindparam("day", type_=sa.Date),
    )
    .order_by(Identity.main.desc(), Identity.id)
)
"""The documents of a person who is not known to have been of age on a day."""


def find_adult_day(born_on: date | None, days: Iterable[date]) -> date | None:
    """Return the earliest day on which a person was of age; None if on none, ALWAYS without a date of birth."""
    if born_on is None:
        return ALWAYS
    return min((day for day in days if not was_minor(born_on, day)), default=None)


async def establish(connection: AsyncConnection, keyring: Keyring | None, party_key: int, *days: date) -> None:
    """Establish from the sealed number whether a person was of age on days of conduct.

    Without a key ring or a number nothing is established, and the conduct is not disclosed.
    """
    if day := await read_adult_day(connection, keyring, party_key, *days):
        await lower(connection, party_key, day)


async def read_adult_day(
    connection: AsyncConnection, keyring: Keyring | None, party_key: int, *days: date
) -> date | None:
    """Return the earliest day on which a person was of age by its sealed number; None if nothing new follows."""
    if keyring is None or not days:
        return None
    found = (await connection.execute(NOT_YET_OF_AGE, {"party": party_key, "day": min(days)})).all()
    opened = (parse_document(row.type, keyring.open(row.sealed, row.bound_to)) for row in found)
    told = (find_adult_day(number.born_on, days) for number in opened)
    return min((day for day in told if day is not None), default=None)


async def lower(connection: AsyncConnection, party_key: int, day: date) -> None:
    """Store an earlier day on which a person was of age."""
    update = sa.update(Party).where(Party.id == party_key, Party.of_age_from > day)
    await connection.execute(update.values(of_age_from=day))
