"""Share codes (分享码): by which a person or organization shows its own record to whom it likes (R15)."""

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.audiences import PURPOSES
from auth.consent import RECIPIENTS, consentable
from auth.scopes import PERSONS
from auth.signing import REPORT_SECONDS
from casework.consents import check_choice
from casework.keys import draw_key
from casework.refusal import Refusal
from models.audience import Purpose
from models.consent import ShareCode
from models.names import fold
from models.party import Identity, Party
from models.party_name import is_known_as

GROUP, MARK = 4, 2
"""Characters of a code between two hyphens, and before the first one."""

SIGN = re.compile("[A-Z0-9]")

LONGEST = timedelta(seconds=REPORT_SECONDS)
"""How long a code lasts at most: as long as the key that signed its report can be had."""

SHAREABLE = consentable(frozenset().union(*(PURPOSES[audience] for audience in RECIPIENTS)))


@dataclass(frozen=True)
class CodeForm:
    """What a code looks like, and what it may be for.

    mark: how it begins, so that whoever reads it, a person or the service, sees at once what it is good for.
    characters: how many follow, each of five bits (base32).
    """

    mark: str
    characters: int
    purposes: frozenset[Purpose]


ONCE, OFTEN = CodeForm("S1", 12, SHAREABLE), CodeForm("SX", 12, SHAREABLE)
"""Codes that open one answer, and many: to clients that hold a token, so that sixty bits are enough."""

REPORT = CodeForm("SR", 28, SHAREABLE | {Purpose.SELF})
"""The code of a report: 140 bits, as whoever has it needs no token, and nobody could ever guess one."""


@dataclass(frozen=True)
class Sharing:
    """What a share code shows, for what, until when, and in which form."""

    purposes: Sequence[Purpose]
    scopes: Sequence[str]
    valid_to: datetime
    form: CodeForm


@dataclass(frozen=True)
class CodeHolder:
    """Who shows: the keyed hash of its number, its name, and its number masked."""

    index: bytes
    name: str
    masked: str


def make_share_code(secret: bytes, key: int, form: CodeForm) -> str:
    """The code of a row: the same each time it is made, and to be made with the secret alone (RFC 2104)."""
    text = base64.b32encode(hmac.digest(secret, key.to_bytes(8, "big"), "sha256")).decode()
    return "-".join([form.mark, *(text[place : place + GROUP] for place in range(0, form.characters, GROUP))])


def read_share_code(text: str) -> str:
    """A code as it was meant: people type it in small letters, in full width, without hyphens, in a sentence."""
    signs = "".join(SIGN.findall(unicodedata.normalize("NFKC", text).upper()))
    mark, rest = signs[:MARK], signs[MARK:]
    return "-".join([mark, *(rest[place : place + GROUP] for place in range(0, len(rest), GROUP))])


def is_single_use(code: str) -> bool:
    """Whether a code opens one answer only."""
    return read_share_code(code).startswith(ONCE.mark)


def hash_code(code: str) -> bytes:
    """What is kept of a code: enough, as nobody chose it."""
    return hashlib.sha256(read_share_code(code).encode()).digest()


async def create_share_code(
    connection: AsyncConnection, secret: bytes, shown: CodeHolder, sharing: Sharing, at: datetime
) -> int:
    """A subject makes a code; gives its key. Raises Refusal BAD_DATE, BAD_PURPOSE, BAD_SCOPE, NOT_YOURS."""
    if not at < sharing.valid_to <= at + LONGEST:
        raise Refusal("BAD_DATE", f"A code lasts {LONGEST.days} days at most.", "Give another moment.", "validTo")
    purposes = check_choice(frozenset(sharing.purposes), sharing.form.purposes, "BAD_PURPOSE", "purposes")
    scopes = check_choice(frozenset(sharing.scopes), frozenset(PERSONS), "BAD_SCOPE", "scopes")
    await _check_name(connection, shown)
    key = await draw_key(connection, ShareCode)
    code = make_share_code(secret, key, sharing.form)
    values = {
        "id": key,
        "code_hash": hash_code(code),
        "hint": code[-GROUP:],
        "subject_index": shown.index,
        "shown_name": shown.name,
        "shown_number": shown.masked,
        "purposes": purposes,
        "scopes": scopes,
        "single_use": sharing.form is ONCE,
        "created_at": at,
        "valid_to": sharing.valid_to,
    }
    await connection.execute(sa.insert(ShareCode).values(values))
    return key


async def revoke_share_code(connection: AsyncConnection, subject: bytes, key: int, at: datetime) -> None:
    """End a code of one's own. Raises Refusal NOT_FOUND, REVOKED."""
    query = sa.select(ShareCode.revoked_at).where(ShareCode.id == key, ShareCode.subject_index == subject)
    found: Any = (await connection.execute(query.with_for_update())).one_or_none()
    if found is None:
        raise Refusal("NOT_FOUND", "There is no such share code.", "Look it up again.", "id")
    if found.revoked_at is not None:
        raise Refusal("REVOKED", "This code has ended already.", "Nothing needs to be done.", "id")
    await connection.execute(sa.update(ShareCode).where(ShareCode.id == key).values(revoked_at=at))


async def _check_name(connection: AsyncConnection, shown: CodeHolder) -> None:
    """Whom the court knows is shown by a name that the court knows. Raises Refusal NOT_YOURS."""
    same = is_known_as(Party, sa.literal(fold(shown.name), sa.Text))
    query = sa.select(same).join(Identity, Identity.party_id == Party.id).where(Identity.index == shown.index)
    if (await connection.execute(query)).scalar_one_or_none() is False:
        raise Refusal("NOT_YOURS", "This is not your name as the courts know it.", "Give your full name.", "name")
