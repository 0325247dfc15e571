"""A page of a bulk operation: the caller with its remaining rights, the document, the variables."""

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
from casework.bulk_withdrawals import has_vanished
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
from resolvers.register.subject_keys import is_braked


class StoppedError(Exception):
    """An operation must not continue, for the reason `error`."""

    def __init__(self, error: BulkError) -> None:
        super().__init__(error)
        self.error = error


class OvertakenError(Exception):
    """Another worker has written this page. Its results are discarded."""


@dataclass(frozen=True)
class Place:
    """The progress of an operation: the number of pages done, and the cursor after which the next one begins."""

    pages: int
    cursor: str | None = None


@dataclass(frozen=True)
class Task:
    """A page of an operation."""

    engine: Engine
    row: Any
    place: Place
    document: BulkDocument
    variables: Mapping[str, Any]
    caller: Caller

    def bind_page(self) -> dict[str, Any]:
        """Return the variables of a page of an export."""
        return {**self.variables, FIRST: self.row.page_size, AFTER: self.place.cursor}


async def task_of(
    engine: Engine, connection: AsyncConnection, key: int, place: Place, keyring: Keyring, now: datetime
) -> Task:
    """Return the page of an operation. Raises OvertakenError if it has ended, StoppedError if it must end."""
    row = await bulk_operations.find_open(connection, key)
    if row is None:
        raise OvertakenError
    principal = await _principal(connection, row)
    if principal is None:
        raise StoppedError(BulkError.REFUSED)
    if row.kind != BulkKind.EXPORT and is_braked(principal, now):
        raise StoppedError(BulkError.REFUSED)
    if await has_vanished(connection, row, now):
        raise StoppedError(BulkError.VANISHED)
    request = bulk_operations.read_request(keyring, row)
    principal, document = await _still_allowed(engine, connection, principal, row.kind, request["document"])
    caller = Caller(principal, keyring, now, row.request_id)
    return Task(engine, row, place, document, request["variables"], caller)


async def _still_allowed(
    engine: Engine, connection: AsyncConnection, principal: Principal, kind: BulkKind, text: str
) -> tuple[Principal, BulkDocument]:
    """Return the caller with the purposes of its document, and the document. Raises StoppedError if it may not send it
    now."""
    if kind == BulkKind.BATCH_WATCH:
        if principal.scopes >= NEEDED:
            return principal, BulkDocument("", "")
        raise StoppedError(BulkError.REFUSED)
    held = await admit_document(connection, principal, text)
    if held is None:
        raise StoppedError(BulkError.REFUSED)
    try:
        return held, compile_document(engine, kind, text, held.scopes, held.audience)
    except (DocumentError, ForbiddenError, BulkDocumentError):
        raise StoppedError(BulkError.REFUSED) from None


async def _principal(connection: AsyncConnection, row: Any) -> Principal | None:
    """Return the client with the rights that both it and the operation hold; None if client or officer is gone."""
    gone = sa.select(Staff.id).where(Staff.id == row.staff_id, Staff.left_at.is_not(None))
    query = sa.select(Client.client_id, Client.name, Client.audience, Client.scopes, Client.purposes, Client.village_id)
    query = query.add_columns(Client.documents, Client.braked_until)
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
        braked_until=client.braked_until,
    )
