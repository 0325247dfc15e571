"""Share codes (分享码), with which a subject shows its own record (R15)."""

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
from casework.refusal import Refusal, refuse_missing
from languages.sentence import say
from models.audience import Purpose
from models.consent import ShareCode
from models.names import fold
from models.party import Identity, Party
from models.party_name import is_known_as

GROUP, MARK = 4, 2
"""Characters between two hyphens, and before the first hyphen."""

SIGN = re.compile("[A-Z0-9]")

LONGEST = timedelta(seconds=REPORT_SECONDS)
"""The longest validity of a code: as long as the public key of its report is published."""

SHAREABLE = consentable(frozenset().union(*(PURPOSES[audience] for audience in RECIPIENTS)))


@dataclass(frozen=True)
class CodeForm:
    """A form of codes. mark: the prefix that distinguishes it. characters: number of base32 characters after it."""

    mark: str
    characters: int
    purposes: frozenset[Purpose]


SHOWN = Purpose.PUBLIC_LOOKUP
"""The purpose of a code that whoever is shown it may use, through the public portal. It names no other purpose."""

ONCE, OFTEN = CodeForm("S1", 12, SHAREABLE | {SHOWN}), CodeForm("SX", 12, SHAREABLE | {SHOWN})
"""Codes for one answer and for many. Clients that use them need a token, so 60 bits suffice."""

REPORT = CodeForm("SR", 28, SHAREABLE | {Purpose.SELF})
"""The code of a report: 140 bits, since viewing a report needs no token."""


@dataclass(frozen=True)
class Sharing:
    """The purposes, scopes, expiry and form of a share code."""

    purposes: Sequence[Purpose]
    scopes: Sequence[str]
    valid_to: datetime
    form: CodeForm


@dataclass(frozen=True)
class CodeHolder:
    """The subject of a share code: the keyed hash of its number, its name, its masked number."""

    index: bytes
    name: str
    masked: str


def make_share_code(secret: bytes, key: int, form: CodeForm) -> str:
    """Return the code of a row, derived from the secret and the key (HMAC, RFC 2104); the same each time."""
    text = base64.b32encode(hmac.digest(secret, key.to_bytes(8, "big"), "sha256")).decode()
    return "-".join([form.mark, *(text[place : place + GROUP] for place in range(0, form.characters, GROUP))])


def read_share_code(text: str) -> str:
    """Return the canonical form of a code typed in lower case, full width, or without hyphens."""
    signs = "".join(SIGN.findall(unicodedata.normalize("NFKC", text).upper()))
    mark, rest = signs[:MARK], signs[MARK:]
    return "-".join([mark, *(rest[place : place + GROUP] for place in range(0, len(rest), GROUP))])


def is_single_use(code: str) -> bool:
    """Test whether a code is for one answer only."""
    return read_share_code(code).startswith(ONCE.mark)


def hash_code(code: str) -> bytes:
    """Return the SHA-256 of a code, which is stored. Codes are random, so no slow hash is needed."""
    return hashlib.sha256(read_share_code(code).encode()).digest()


async def create_share_code(
    connection: AsyncConnection, secret: bytes, shown: CodeHolder, sharing: Sharing, at: datetime
) -> int:
    """Create a code of a subject. Return its key. Raises Refusal BAD_DATE, BAD_PURPOSE, BAD_SCOPE, NOT_YOURS."""
    if not at < sharing.valid_to <= at + LONGEST:
        raise Refusal(
            "BAD_DATE", say("A code lasts {days} days at most.", days=LONGEST.days), "Give another moment.", "validTo"
        )
    purposes = check_choice(frozenset(sharing.purposes), sharing.form.purposes, "BAD_PURPOSE", "purposes")
    if SHOWN in purposes and len(purposes) > 1:
        message = "A code for whoever is shown it (PUBLIC_LOOKUP) is for nothing else."
        raise Refusal("BAD_PURPOSE", message, "Make another code for the other purposes.", "purposes")
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
    """Revoke the subject's own code. Raises Refusal NOT_FOUND, REVOKED."""
    query = sa.select(ShareCode.revoked_at).where(ShareCode.id == key, ShareCode.subject_index == subject)
    found: Any = (await connection.execute(query.with_for_update())).one_or_none()
    if found is None:
        raise refuse_missing("share code")
    if found.revoked_at is not None:
        raise Refusal("REVOKED", "This code has ended already.", "Nothing needs to be done.", "id")
    await connection.execute(sa.update(ShareCode).where(ShareCode.id == key).values(revoked_at=at))


async def _check_name(connection: AsyncConnection, shown: CodeHolder) -> None:
    """Raise Refusal NOT_YOURS if the courts know the subject by other names only."""
    same = is_known_as(Party, sa.literal(fold(shown.name), sa.Text))
    query = sa.select(same).join(Identity, Identity.party_id == Party.id).where(Identity.index == shown.index)
    if (await connection.execute(query)).scalar_one_or_none() is False:
        raise Refusal("NOT_YOURS", "This is not your name as the courts know it.", "Give your full name.", "name")
