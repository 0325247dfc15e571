"""The form in which a subject is stored, while a database changes to the suite SM (ADR 41)."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from models.keyring import NumberForms
from models.number_hashes import CLAIM, EarlierForm


async def claim(connection: AsyncConnection, forms: NumberForms) -> bytes:
    """Return the hash under which a subject is stored, or is to be, until the transaction ends."""
    if forms.earlier is None:
        return forms.newest
    values = {"earlier": forms.earlier, "newest": forms.newest}
    found: bytes = (await connection.execute(CLAIM, values)).scalar_one()
    return found


async def claim_earlier(connection: AsyncConnection, earlier: Collection[bytes]) -> frozenset[bytes]:
    """Return those of the earlier hashes under which subjects are stored, until the transaction ends."""
    if not earlier:
        return frozenset()
    listed = sa.literal(list(earlier), sa.ARRAY(sa.LargeBinary))
    query = sa.select(EarlierForm.earlier).where(EarlierForm.earlier == sa.any_(listed)).order_by(EarlierForm.earlier)
    found = await connection.execute(query.with_for_update(read=True))
    return frozenset(bytes(one) for one in found.scalars())
