"""An operation on one of its pages: who asks, with the rights that are left, and for what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.audiences import Purpose
from auth.clients.trusted_documents import admit_document
from auth.principal import Principal
from auth.scopes import Scope
from casework import bulk_operations
from casework.bulk_vanishing import has_vanished
from engine.document.document import DocumentError
from engine.engine import Engine
from engine.load.errors import ForbiddenError
from jobs.bulk_watches import NEEDED
from models.bulk_operation import BulkError, BulkKind
from models.client import Client
from models.court import Staff
from models.keyring import Keyring
from resolvers.caller import Caller
from resolvers.partners.bulk_document import AFTER, FIRST, BulkDocument, BulkDocumentError, compile_document


class StoppedError(Exception):
    """An operation that may not go on, and why."""

    def __init__(self, error: BulkError) -> None:
        super().__init__(error)
        self.error = error


class OvertakenError(Exception):
    """A page that is not the next one any more: nothing of it is kept, and the work goes on from where it is."""


@dataclass(frozen=True)
class Place:
    """Where an operation is: pages done, and the cursor that the next one begins after."""

    pages: int
    cursor: str | None = None


@dataclass(frozen=True)
class Task:
    """An operation on one of its pages."""

    engine: Engine
    row: Any
    place: Place
    document: BulkDocument
    variables: Mapping[str, Any]
    caller: Caller

    def page(self) -> dict[str, Any]:
        """The variables of an export's page."""
        return {**self.variables, FIRST: self.row.page_size, AFTER: self.place.cursor}


async def task_of(
    engine: Engine, connection: AsyncConnection, key: int, place: Place, keyring: Keyring, now: datetime
) -> Task:
    """The operation on this page. Raises OvertakenError for one that has ended, StoppedError for one that is to end."""
    row = await bulk_operations.current(connection, key)
    if row is None:
        raise OvertakenError
    principal = await _principal(connection, row)
    if principal is None:
        raise StoppedError(BulkError.REFUSED)
    if await has_vanished(connection, row, now):
        raise StoppedError(BulkError.VANISHED)
    request = bulk_operations.request_of(keyring, row)
    principal, document = await _still_allowed(engine, connection, principal, row.kind, request["document"])
    caller = Caller(principal, keyring, now, row.request_id)
    return Task(engine, row, place, document, request["variables"], caller)


async def _still_allowed(
    engine: Engine, connection: AsyncConnection, principal: Principal, kind: BulkKind, text: str
) -> tuple[Principal, BulkDocument]:
    """The caller, held to the purposes of its document, and that. Raises StoppedError where it may not send it now."""
    if kind == BulkKind.BATCH_WATCH:
        if principal.scopes >= NEEDED:
            return principal, BulkDocument("", "")
        raise StoppedError(BulkError.REFUSED)
    held = await admit_document(connection, principal, text)
    if held is None:
        raise StoppedError(BulkError.REFUSED)
    try:
        return held, compile_document(engine, kind, text, held.scopes)
    except (DocumentError, ForbiddenError, BulkDocumentError):
        raise StoppedError(BulkError.REFUSED) from None


async def _principal(connection: AsyncConnection, row: Any) -> Principal | None:
    """Who began an operation, with what is left of its rights; None for a client or a person who is gone."""
    gone = sa.select(Staff.id).where(Staff.id == row.staff_id, Staff.left_at.is_not(None))
    query = sa.select(Client.client_id, Client.name, Client.audience, Client.scopes, Client.purposes, Client.village_id)
    query = query.add_columns(Client.documents)
    there = (Client.id == row.client_key, Client.disabled_at.is_(None), ~gone.exists())
    client = (await connection.execute(query.where(*there))).one_or_none()
    if client is None:
        return None
    return Principal(
        client.client_id,
        row.client_key,
        client.name,
        client.audience,
        frozenset(scope for scope in Scope if scope in row.scopes and scope in client.scopes),
        frozenset(purpose for purpose in Purpose if purpose in row.purposes and purpose in client.purposes),
        token_id="",
        jurisdiction=row.jurisdiction,
        village_key=client.village_id,
        registered=frozenset(map(Purpose, row.registered)),
        documents=client.documents,
    )
