"""The current names of organizations (R22)."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.keys import KEYS
from models.party import Party, PartyKind
from models.party_name import NameStanding, PartyName

RANKED = (
    sa.select(
        PartyName.id,
        sa.func.row_number()
        .over(
            partition_by=PartyName.party_id,
            order_by=(
                PartyName.latest_on.desc().nulls_last(),
                PartyName.exported_on.desc().nulls_last(),
                PartyName.folded.collate("C").desc(),
            ),
        )
        .label("rank"),
    )
    .join(Party, Party.id == PartyName.party_id)
    .where(PartyName.party_id == sa.any_(KEYS), Party.kind == PartyKind.ORGANIZATION)
    .where(PartyName.standing != NameStanding.MISSPELT)
    .subquery("ranked")
)
"""Names by the latest court day of a line that bears them, then by the day of the export."""

RETIRE = (
    sa.update(PartyName)
    .values(standing=NameStanding.FORMER, ends_on=sa.func.greatest(PartyName.latest_on, PartyName.begins_on))
    .where(PartyName.id == RANKED.c.id, RANKED.c.rank > 1, PartyName.standing == NameStanding.CURRENT)
)
PROMOTE = (
    sa.update(PartyName)
    .values(standing=NameStanding.CURRENT, ends_on=None)
    .where(PartyName.id == RANKED.c.id, RANKED.c.rank == 1, PartyName.standing == NameStanding.FORMER)
)
END = (
    sa.update(PartyName)
    .values(ends_on=PartyName.latest_on)
    .where(PartyName.party_id == sa.any_(KEYS), PartyName.standing == NameStanding.FORMER)
    .where(PartyName.ends_on.is_distinct_from(PartyName.latest_on))
)
FOLLOW = (
    sa.update(Party)
    .values(name=PartyName.name, folded=PartyName.folded)
    .where(PartyName.party_id == Party.id, PartyName.standing == NameStanding.CURRENT)
    .where(Party.id == sa.any_(KEYS), sa.or_(Party.name != PartyName.name, Party.folded != PartyName.folded))
)


async def name_parties(connection: AsyncConnection, party_keys: Collection[int]) -> None:
    """Make the newest name of each organization its current one, and copy current names to the parties."""
    if not party_keys:
        return
    for statement in (RETIRE, PROMOTE, END, FOLLOW):
        unsynchronized = statement.execution_options(synchronize_session=False)
        await connection.execute(unsynchronized, {"keys": sorted(set(party_keys))})
