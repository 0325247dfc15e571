"""The access log of downloads (R19): one entry for each response with the file of a bulk operation, or a part of it."""

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from auth.audiences import Purpose
from auth.principal import Principal
from auth.scopes import Scope
from engine.audit import Audit
from engine.load.rows import RootAnswer
from engine.load.trail import Trail
from resolvers.view import Access, View

FIELD = "download"
"""The name of the field in the access log when a file is fetched."""

OPERATION = sha256(FIELD.encode()).digest()


async def log_download(
    audit: Audit, connection: AsyncConnection, operation: Any, request_id: UUID, at: datetime
) -> None:
    """Write the entry of a download, as of the client of the operation. Its lines were logged when they were read, with
    their subjects.

    operation: the row of the operation, with its client.
    """
    purposes = [Purpose(name) for name in operation.purposes]
    purpose = purposes[0] if len(purposes) == 1 else Purpose.PUBLIC_LOOKUP
    trail = Trail(audit)
    trail.enter(RootAnswer(FIELD, View(_client_of(operation), Access(purpose), at, request_id)))
    await trail.write(connection, OPERATION, {})


def _client_of(operation: Any) -> Principal:
    return Principal(
        client_id=operation.client_id,
        client_key=operation.client_key,
        name=operation.name,
        audience=operation.audience,
        scopes=frozenset(map(Scope, operation.scopes)),
        purposes=frozenset(map(Purpose, operation.purposes)),
        token_id="",
        jurisdiction=operation.jurisdiction,
    )
