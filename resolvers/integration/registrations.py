"""The registration of the client that asks, and the documents registered for it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

import models
from auth.audiences import Audience
from auth.clients.keys import KeyDescription, describe_keys
from engine.declare.relations import Computed, Frame, Order
from engine.declare.sql import SQL
from engine.load.context import Context
from models.client import Client, DocumentPolicy
from models.published_key_set import PublishedKeySet
from resolvers.roots import list_everything
from resolvers.view import CLIENT

OWN = (
    sa.select(
        Client.name,
        Client.authentication,
        Client.profile,
        Client.scopes,
        Client.documents,
        Client.jwks,
        Client.jwks_uri,
        Client.certificate_name,
        Client.certificate_bound,
        Client.signed_requests,
        Client.created_at,
        Client.braked_until,
        Client.ends_on,
        PublishedKeySet.tried_at,
        PublishedKeySet.fetched_at,
        PublishedKeySet.keys.label("published"),
        PublishedKeySet.problem,
        PublishedKeySet.left_out,
    )
    .outerjoin(PublishedKeySet, PublishedKeySet.address == Client.jwks_uri)
    .where(Client.id == sa.bindparam("client"))
)


@dataclass(frozen=True)
class FetchedKeys:
    """What came of fetching a client's key set last. The attributes are those of `PublishedKeySet`."""

    tried_at: datetime
    fetched_at: datetime | None
    keys: list[KeyDescription]
    problem: str | None
    left_out: int


@dataclass(frozen=True)
class OwnRegistration:
    """A client's registration, without secrets. fetched: None if its set was never asked for."""

    name: str
    authentication: str
    profile: str
    scopes: list[str]
    document_policy: DocumentPolicy
    keys: list[KeyDescription]
    jwks_uri: str | None
    fetched: FetchedKeys | None
    certificate_name: str | None
    certificate_bound: bool
    signed_requests: bool
    created_at: datetime
    braked_until: datetime | None
    ends_on: date | None


async def _read_own(context: Context, _: tuple[Any, ...]) -> OwnRegistration | None:
    """Return the registration of the client; None where a person asks by it."""
    principal = context.caller.principal
    if principal.officer or principal.subject_index:
        return None
    (row,) = await context.fetch(OWN, {"client": principal.client_key})
    return _describe(row, context.caller.now)


def _describe(row: sa.RowMapping, now: datetime) -> OwnRegistration:
    same = (
        "name", "authentication", "profile", "jwks_uri", "certificate_name", "certificate_bound", "signed_requests",
        "created_at", "ends_on",
    )  # fmt: skip
    braked = row["braked_until"] if row["braked_until"] and row["braked_until"] > now else None
    return OwnRegistration(
        **{name: row[name] for name in same},
        scopes=sorted(row["scopes"]),
        document_policy=row["documents"],
        keys=describe_keys(row["jwks"]),
        fetched=_fetched(row) if row["tried_at"] else None,
        braked_until=braked,
    )


def _fetched(row: sa.RowMapping) -> FetchedKeys:
    keys = describe_keys(row["published"])
    return FetchedKeys(row["tried_at"], row["fetched_at"], keys, row["problem"], row["left_out"])


REGISTRATION = Computed((), _read_own)


def may_see_trusted_document(row: Frame, audience: Audience) -> SQL:
    """The client for which it is registered."""
    return sa.cast(row.client_id == CLIENT, sa.Boolean)


TRUSTED_DOCUMENTS = list_everything(models.TrustedDocument, Order((), descending=True))
