"""Keys by which a recipient finds the subject of a measure among its own: of a person a keyed hash of each document's
number, of an organization its code, which is public.

The hash is HMAC-SHA-256 (RFC 2104) under a key that this recipient alone has, so that two recipients cannot put
together what each was given. Numbers are opened from the register for the answer and never written (R18).
"""

import hmac
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.load.context import Context
from engine.load.loaders import Key, Loader
from models.documents import make_document_key
from models.keyring import Keyring
from models.party import PartyKind
from resolvers.view import CLIENT
from resolvers.visibility.items import may_see_code_record

NEEDS = ("code_record_id",)
"""The column of a measure from which its subject is known."""

RECORDS = sa.bindparam("match_records", type_=sa.ARRAY(sa.BigInteger))


@dataclass(frozen=True)
class Matching:
    """How a recipient finds a subject. keys: of a person's documents, the main one first; code: of an organization."""

    keys: Sequence[str] = ()
    code: str | None = None


NOBODY = Matching()


class MatchLoader(Loader):
    """Maps code records to how the caller finds their subjects."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context

    async def batch_load_fn(self, keys: list[Key]) -> Sequence[Matching]:
        """Return the keys of each record's subject; none if the caller may not see the record any more (R10)."""
        values = {**self.context.caller.view.parameters(), RECORDS.key: [record for (record,) in keys]}
        found: Mapping[int, list[Any]] = defaultdict(list)
        for row in await self.context.fetch(_select_documents(), values):
            found[row["id"]].append(row)
        return [_match(found[record], self.context.caller.keyring) for (record,) in keys]


def _select_documents() -> sa.Select[Any]:
    record, party, identity = aliased(models.CodeRecord), aliased(models.Party), aliased(models.Identity)
    columns: list[Any] = [record.id, party.kind, identity.type, identity.index, identity.sealed]
    found: sa.Select[Any] = sa.select(*columns, models.Client.id.label("client"), models.Client.match_version)
    return (
        found.join(party, sa.and_(party.id == record.party_id, party.disclosed))
        .join(identity, identity.party_id == party.id)
        .join(models.Client, models.Client.id == CLIENT)
        .where(record.id == sa.any_(RECORDS), may_see_code_record(Frame(record), Audience.CREDIT_PLATFORM))
        .order_by(record.id, identity.main.desc(), identity.id)
    )


def _match(rows: Sequence[Any], keyring: Keyring) -> Matching:
    if not rows:
        return NOBODY
    numbers = [(row["type"], keyring.open(row["sealed"], row["index"])) for row in rows]
    if rows[0]["kind"] is PartyKind.ORGANIZATION:
        return Matching(code=numbers[0][1])
    version = rows[0]["match_version"]
    secret = keyring.derive_match_key(rows[0]["client"], version)
    return Matching([make_match_key(secret, version, make_document_key(*one)) for one in numbers])


def make_match_key(secret: bytes, version: int, document: str) -> str:
    """Return the key of a document: the version of the secret, a point, and the hash of the document in hexadecimal."""
    return f"{version}.{hmac.digest(secret, document.encode(), 'sha256').hex()}"


async def _load(context: Context, key: tuple[Any, ...]) -> Matching:
    found: Matching = await context.get_loader(MatchLoader, lambda: MatchLoader(context)).load(key)
    return found


async def read_keys(context: Context, key: tuple[Any, ...]) -> Sequence[str]:
    """Return the keys of the documents of a measure's subject, if it is a person."""
    return (await _load(context, key)).keys


async def read_code(context: Context, key: tuple[Any, ...]) -> str | None:
    """Return the code of a measure's subject, if it is an organization."""
    return (await _load(context, key)).code
