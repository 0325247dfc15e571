"""Read what the city needs from the database: catalogue, courts, villages, clients, and the last keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from demo.city.places import VILLAGES
from models.audience import Audience
from models.base import Base, Keyed
from models.catalogue import Behaviour, CodeType, MoralBankItem
from models.court import Court
from models.household import Village

Entry = sa.RowMapping
"""A row of the catalogue."""


class CityError(RuntimeError):
    """The city cannot be built on this database. The message says what to do."""


@dataclass(frozen=True)
class Found:
    """Catalogue entries by code, courts by code, village keys by name, client keys by audience."""

    behaviours: Mapping[str, Entry]
    code_types: Mapping[str, Entry]
    items: Mapping[str, Entry]
    divisions: Mapping[str, str]
    court_names: Mapping[str, str]
    villages: Mapping[str, int]
    clients: Mapping[Audience, int]
    last_keys: Mapping[type[Base], int]

    def behaviours_of(self, code_type: str) -> list[Entry]:
        """The behaviours that create records of `code_type`."""
        return [entry for entry in self.behaviours.values() if entry["code_type"] == code_type]


async def read_tables(connection: AsyncConnection, clients: Mapping[Audience, int]) -> Found:
    """Read everything. Raises CityError if the catalogue or the courts are missing."""
    await _settle_villages(connection)
    found = Found(
        behaviours=await _entries(connection, Behaviour),
        code_types=await _entries(connection, CodeType),
        items=await _entries(connection, MoralBankItem),
        divisions=await _pairs(connection, sa.select(Court.code, sa.func.coalesce(Court.division, "330200"))),
        court_names=await _pairs(connection, sa.select(Court.code, Court.name)),
        villages=await _pairs(connection, sa.select(Village.name, Village.id)),
        clients=clients,
        last_keys={model: await _last_key(connection, model) for model in Keyed.__subclasses__()},
    )
    if not (found.behaviours and found.code_types and found.items and found.divisions):
        raise CityError("The demo city needs the catalogue and the courts. Load them first.")
    return found


async def _settle_villages(connection: AsyncConnection) -> None:
    statement = sa.text("INSERT INTO village (name) SELECT unnest(CAST(:names AS text[])) ON CONFLICT DO NOTHING")
    await connection.execute(statement, {"names": list(VILLAGES)})


async def _entries(connection: AsyncConnection, model: type[Base]) -> dict[str, Entry]:
    rows = await connection.execute(sa.select(model.__table__).order_by(sa.text("version_id, code")))
    return {row["code"]: row for row in rows.mappings()}


async def _pairs(connection: AsyncConnection, statement: sa.Executable) -> dict[str, Any]:
    return {row[0]: row[1] for row in await connection.execute(statement)}


async def _last_key(connection: AsyncConnection, model: type[Base]) -> int:
    statement = sa.text("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(:name, 'id')), 0)")
    return int((await connection.scalar(statement, {"name": model.__tablename__})) or 0)
