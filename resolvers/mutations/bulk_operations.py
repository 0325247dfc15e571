"""Bulk operations: start and download."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from auth.clients.trusted_documents import admit_document
from auth.principal import Principal
from casework import bulk_operations
from casework.bulk_operations import BulkRequest
from casework.bulk_withdrawals import find_downloadable
from casework.consents import check_reference
from casework.downloads import sign_download
from casework.refusal import Refusal
from casework.watches import MOST_LINES
from engine.load.context import Context
from engine.load.errors import BadIdError
from engine.load.nodes import read_key
from engine.load.rows import Row
from languages.sentence import say
from models.bulk_operation import BulkError, BulkKind, BulkOperation, BulkState, BulkUpload
from resolvers.mutations.acting import Acting
from resolvers.partners.bulk_measures import measure_pages


async def start_export(acting: Acting, *, document: str, variables: str | None, reference: str | None) -> int:
    """Start an export of a list."""
    return await _begin(acting, BulkKind.EXPORT, document, variables, _checked(reference))


async def start_batch_check(
    acting: Acting, *, upload: str, document: str, variables: str | None, reference: str | None
) -> int:
    """Start a check of a file of subjects."""
    return await _begin(
        acting, BulkKind.BATCH_CHECK, document, variables, _checked(reference), _upload_key(acting, upload)
    )


async def _begin(
    acting: Acting,
    kind: BulkKind,
    document: str,
    variables: str | None,
    reference: str | None,
    upload: int | None = None,
) -> int:
    caller, principal = acting.caller, acting.caller.principal
    held = await admit_document(acting.connection, principal, document)
    if held is None:
        raise Refusal("BAD_DOCUMENT", "This document is not registered for you.", "Have it registered.", "document")
    given, size = measure_pages(acting.engine, kind, document, variables, replace(caller, principal=held))
    begun = BulkRequest(kind, document, given, size, reference, _rights(held), uuid4(), upload)
    return await bulk_operations.begin(acting.connection, caller.keyring, begun, caller.now)


async def start_batch_watch(acting: Acting, *, upload: str, reference: str | None) -> int:
    """Start watching a file of customers."""
    caller, rights = acting.caller, _rights(acting.caller.principal)
    begun = BulkRequest(
        BulkKind.BATCH_WATCH, "", {}, MOST_LINES, _checked(reference), rights, uuid4(), _upload_key(acting, upload)
    )
    return await bulk_operations.begin(acting.connection, caller.keyring, begun, caller.now)


def _checked(reference: str | None) -> str | None:
    """Return a client's own reference. Raises Refusal BAD_TEXT."""
    return None if reference is None else check_reference(reference, "reference")


def _upload_key(acting: Acting, upload: str) -> int:
    try:
        return read_key(upload, BulkUpload.__name__, acting.caller.keyring.opaque_key)
    except BadIdError:
        raise Refusal("BAD_ID", "This is no upload.", "Send what POST /uploads answered.", "upload") from None


async def check_download(acting: Acting, *, id: int) -> int:
    """Check that a file can be downloaded. Raises Refusal."""
    if await find_downloadable(acting.connection, id, acting.caller.now) is None:
        raise await _no_file(acting, id)
    return id


async def _no_file(acting: Acting, key: int) -> Refusal:
    """Return the reason why there is no file."""
    row, principal, now = BulkOperation.__table__.c, acting.caller.principal, acting.caller.now
    own = (row.client_key == principal.client_key, row.jurisdiction.is_not_distinct_from(principal.jurisdiction))
    query = sa.select(row.state, row.error, row.ended_at, row.expires_at).where(row.id == key, *own)
    found = (await acting.connection.execute(query)).one_or_none()
    if found is None:
        return Refusal("WRONG_STATE", "There is no file to fetch.", "Look at `bulkOperations`.", "id")
    if found.state == BulkState.EXPIRED or (found.expires_at and found.expires_at <= now):
        message = say("This file was kept until {told}.", told=_told(found.expires_at))
        return Refusal("EXPIRED", message, "Begin it anew.", "id")
    if found.state == BulkState.COMPLETED or found.error == BulkError.VANISHED:
        since = now if found.state == BulkState.COMPLETED else found.ended_at
        message = say(
            "This file was taken back by {told}: what is shown of somebody in it has ended (VANISHED).",
            told=_told(since),
        )
        return Refusal("REVOKED", message, "Begin it anew: it will hold what may be shown then.", "id")
    return Refusal("WRONG_STATE", "There is no file to fetch.", "Look at its `state`, or begin it anew.", "id")


def _told(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sign_url(context: Context, row: Row) -> str:
    """Return the signed address of the file, valid for 15 minutes for any client that has it."""
    assert context.performing.changed is not None  # noqa: S101 - there is a row
    token = sign_download(context.caller.keyring, context.performing.changed, context.caller.now)
    return f"{context.caller.issuer}/downloads/{token}"


def _rights(principal: Principal) -> dict[str, Any]:
    return {
        "client_key": principal.client_key,
        "staff_id": principal.officer.key if principal.officer else None,
        "jurisdiction": principal.jurisdiction,
        "scopes": principal.scope_names,
        "purposes": sorted(principal.purposes),
        "registered": sorted(principal.registered or principal.purposes),
    }
