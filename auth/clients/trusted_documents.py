"""Trusted documents: registration by operators, and look-up for requests."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from cachetools import TTLCache
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.administration.client_changes import name_client
from auth.administration.security_events import Happening, record
from auth.audiences import Purpose
from auth.clients.registration import RegistrationError
from auth.clients.registry import find_active, update_active
from auth.principal import Principal
from auth.revocations import Remembering
from models.client import Client, DocumentPolicy
from models.number_recogniser import holds_identity_number
from models.security_event import SecurityAct
from models.trusted_document import TrustedDocument

IDENTIFIER = re.compile(r"[A-Za-z0-9:._~+/=-]{1,200}")
SHA256 = "sha256:"
HEXADECIMAL = re.compile(r"[0-9a-f]{64}")
REMEMBERED = 4096


@dataclass(frozen=True)
class Trusted:
    """A registered document. purposes: the only ones it may be sent for; empty for all of its client."""

    text: str
    purposes: frozenset[Purpose]


def digest_of(identifier: str) -> str | None:
    """Return the SHA-256 in an identifier, `sha256:…` or 64 hexadecimal digits; None if it has none."""
    found = identifier.removeprefix(SHA256).lower()
    return found if HEXADECIMAL.fullmatch(found) else None


def add_documents(
    connection: sa.Connection,
    client_id: str,
    documents: Mapping[str, str],
    purposes: Collection[str] = (),
    *,
    now: datetime,
) -> int:
    """Register documents by identifier, all or none; returns the number of new ones. Repetition is no error. Raises
    RegistrationError, also for a known identifier with another text; the caller commits."""
    client = _active_client(connection, client_id)
    if excess := sorted(set(purposes) - set(client.purposes)):
        raise RegistrationError(f"{client_id} may not name {', '.join(excess)}; it may name {client.purposes}.")
    rows = [_row(client.id, *document, purposes, now) for document in documents.items()]
    known = insert(TrustedDocument).on_conflict_do_nothing().returning(TrustedDocument.id)
    added = len(connection.execute(known, rows).all()) if rows else 0
    for row in rows:
        _check_same(connection, row)
    told = {"registered": sorted(documents), "purposes": sorted(set(purposes))}
    record(connection, Happening(SecurityAct.DOCUMENTS_CHANGED, name_client(client_id), after=told))
    return added


def _row(key: int, identifier: str, text: str, purposes: Collection[str], now: datetime) -> dict[str, Any]:
    digest = sha256(text.encode())
    if not IDENTIFIER.fullmatch(identifier):
        raise RegistrationError(f"{identifier[:60]!r} cannot be an identifier: 1 to 200 letters, digits and :._~+/=-.")
    if digest_of(identifier) not in {None, digest.hexdigest()}:
        raise RegistrationError(f"{identifier} is not the SHA-256 of its text: the file was changed by hand.")
    if holds_identity_number(text):
        raise RegistrationError(
            f"{identifier} holds a resident ID number, which is never stored (R18): use a variable."
        )
    named = sorted({Purpose(purpose) for purpose in purposes})
    return {
        "client_id": key,
        "identifier": identifier,
        "digest": digest.digest(),
        "text": text,
        "purposes": named,
        "created_at": now,
    }


def _check_same(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    found = sa.select(TrustedDocument.digest, TrustedDocument.purposes).where(
        TrustedDocument.client_id == row["client_id"], TrustedDocument.identifier == row["identifier"]
    )
    if tuple(connection.execute(found).one()) != (row["digest"], row["purposes"]):
        raise RegistrationError(
            f"{row['identifier']} is registered already, with another text or other purposes. Remove it first."
        )


def list_documents(connection: sa.Connection, client_id: str) -> list[sa.RowMapping]:
    """Return a client's documents in order of registration. Raises RegistrationError."""
    client = _active_client(connection, client_id)
    query = sa.select(*sa.inspect(TrustedDocument).columns).where(TrustedDocument.client_id == client.id)
    return list(connection.execute(query.order_by(TrustedDocument.id)).mappings())


def remove_documents(connection: sa.Connection, client_id: str, identifiers: Iterable[str]) -> None:
    """Remove documents; every worker is notified. Raises RegistrationError for unknown ones."""
    client, removed = _active_client(connection, client_id), list(identifiers)
    for identifier in removed:
        mine = sa.delete(TrustedDocument).where(
            TrustedDocument.client_id == client.id, TrustedDocument.identifier == identifier
        )
        if connection.execute(mine).rowcount != 1:
            raise RegistrationError(f"{client_id} has no document {identifier}. See: suxin documents list {client_id}.")
    told = {"registered": removed}
    record(connection, Happening(SecurityAct.DOCUMENTS_CHANGED, name_client(client_id), before=told))


def set_policy(connection: sa.Connection, client_id: str, policy: DocumentPolicy) -> None:
    """Set the document policy of a client. Raises RegistrationError."""
    update_active(connection, client_id, {"documents": policy})


def find_scopes(connection: sa.Connection, client_id: str) -> frozenset[str]:
    """Return the scopes of a client, to check its documents against. Raises RegistrationError."""
    return frozenset(_active_client(connection, client_id).scopes)


def _active_client(connection: sa.Connection, client_id: str) -> Any:
    return find_active(connection, client_id, Client.id, Client.scopes, Client.purposes)


class TrustedDocuments(Remembering):
    """Finds documents, and caches each for `trust_seconds` while removals are heard. clock: seconds since the epoch."""

    def __init__(self, engine: AsyncEngine, clock: Callable[[], float], trust_seconds: float) -> None:
        super().__init__(TTLCache[tuple[int, str], Trusted](REMEMBERED, trust_seconds, timer=clock))
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def find(self, client_key: int, identifier: str) -> Trusted | None:
        """Return a client's document by identifier or by the SHA-256 of its text; None if unknown."""
        if not IDENTIFIER.fullmatch(identifier):
            return None
        key = client_key, identifier
        known: Trusted | None = self._remembered.get(key)
        if known:
            return known
        before, found = self._forgotten, await self._look_up(*key)
        if found and self._hearing and before == self._forgotten:  # otherwise it may have been removed since
            self._remembered[key] = found
        return found

    def _client_of(self, key: tuple[int, str]) -> int:
        return key[0]

    async def _look_up(self, client_key: int, identifier: str) -> Trusted | None:
        async with self._engine.connect() as connection:
            return await find_document(connection, client_key, identifier)


async def find_document(connection: AsyncConnection, client_key: int, identifier: str) -> Trusted | None:
    """Return a client's document by identifier or by the SHA-256 of its text; None if unknown."""
    digest = bytes.fromhex(digest_of(identifier) or "")
    named = sa.or_(TrustedDocument.identifier == identifier, TrustedDocument.digest == digest)
    query = (
        sa.select(TrustedDocument.text, TrustedDocument.purposes)
        .where(TrustedDocument.client_id == client_key, named)
        .order_by(TrustedDocument.identifier != identifier, TrustedDocument.id)
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return Trusted(row.text, frozenset(map(Purpose, row.purposes))) if row else None


async def admit_document(connection: AsyncConnection, principal: Principal, text: str) -> Principal | None:
    """Return the caller with the purposes registered for this text; None if it may not send it."""
    if principal.documents is not DocumentPolicy.TRUSTED_ONLY:
        return principal
    found = await find_document(connection, principal.client_key, identifier_of(text))
    return restrict_purposes(principal, found) if found else None


def identifier_of(text: str) -> str:
    """Return the identifier of a document by its text."""
    return f"{SHA256}{sha256(text.encode()).hexdigest()}"


def restrict_purposes(principal: Principal, document: Trusted) -> Principal:
    """Return the caller with the purposes of a document, if the document has its own."""
    if not document.purposes:
        return principal
    registered = principal.registered or principal.purposes
    return replace(principal, purposes=principal.purposes & document.purposes, registered=registered)
