"""The documents that officers save, and share with their court."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.officer import Officer
from auth.principal import Principal
from casework.transaction import get_write_engine
from models.saved_document import MOST_DOCUMENTS, SavedDocument


class TooManyDocumentsError(Exception):
    """An officer has saved as many as one may."""


@dataclass(frozen=True)
class KeptDocument:
    """A document that an officer may run. is_own: whether it is the officer's, who alone may change it."""

    key: int
    title: str
    document: str
    is_shared: bool
    is_own: bool


@dataclass(frozen=True)
class SavedDocuments:
    """Keeps documents. Each is seen by whom it is of; if it is shared, by the officers of the court."""

    database: AsyncEngine
    clock: Callable[[], datetime]

    async def list_all(self, principal: Principal) -> Sequence[KeptDocument]:
        """Return the officer's own and those of the court, by title."""
        return await self._select(principal, sa.true())

    async def find(self, principal: Principal, key: int) -> KeptDocument | None:
        """Return one of them."""
        found = await self._select(principal, SavedDocument.id == key)
        return found[0] if found else None

    async def keep(self, principal: Principal, title: str, document: str, *, is_shared: bool) -> int:
        """Save a document, in place of the officer's one of the same title; return its key. Raises
        TooManyDocumentsError."""
        officer = _officer_of(principal)
        told = {"court_code": officer.court_code, "document": document, "is_shared": is_shared}
        told["saved_at"] = self.clock()
        new = insert(SavedDocument).values(staff_id=officer.key, title=title, **told)
        kept = new.on_conflict_do_update(index_elements=["staff_id", "title"], set_=told).returning(SavedDocument.id)
        async with get_write_engine(self.database).begin() as connection:
            key = (await connection.execute(kept)).scalar_one()
            if await _count(connection, officer) > MOST_DOCUMENTS:
                raise TooManyDocumentsError
        return int(key)

    async def remove(self, principal: Principal, key: int) -> None:
        """Remove a document of the officer's own; nothing happens if it is none."""
        own = (SavedDocument.id == key, SavedDocument.staff_id == _officer_of(principal).key)
        async with get_write_engine(self.database).begin() as connection:
            await connection.execute(sa.delete(SavedDocument).where(*own))

    async def _select(self, principal: Principal, which: sa.ColumnElement[bool]) -> Sequence[KeptDocument]:
        officer, row = _officer_of(principal), SavedDocument
        own, shared = row.staff_id == officer.key, sa.and_(row.is_shared, row.court_code == officer.court_code)
        query = sa.select(row.id, row.title, row.document, row.is_shared, own).where(sa.or_(own, shared), which)
        async with self.database.connect() as connection:
            return [KeptDocument(*one) for one in await connection.execute(query.order_by(row.title, row.id))]


async def _count(connection: AsyncConnection, officer: Officer) -> int:
    query = sa.select(sa.func.count()).select_from(SavedDocument).where(SavedDocument.staff_id == officer.key)
    return (await connection.execute(query)).scalar_one()


def _officer_of(principal: Principal) -> Officer:
    assert principal.officer  # noqa: S101 - of a session
    return principal.officer
