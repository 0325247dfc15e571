"""The second factor of officers: time-based one-time passwords (RFC 6238) by the library `cryptography`, security keys
(`auth.staff.security_keys`), and recovery codes. Passwords have six digits, 30 seconds and SHA-1, which every
authenticator application reads."""

import base64
import hashlib
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import segno
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from auth.staff.security_keys import GivenKey, SecurityKeys, remove_key
from models.keyring import Keyring, KeyringError
from models.sealed_octets import bind
from models.staff_account import RecoveryCode, SecondFactor, SecurityKey

SECRET_BYTES = 20
"""As many as SHA-1 has (RFC 4226, section 4, R6)."""

DIGITS, STEP_SECONDS = 6, 30
ONE_TIME = re.compile(r"[0-9]{6}")
RECOVERY = re.compile(r"[a-z2-7]{20}")
RECOVERY_CODES, RECOVERY_BYTES, GROUP = 10, 13, 5
NOBODY = 0
"""A key that no officer has."""


@dataclass(frozen=True)
class OwnFactor:
    """The second factor of an officer, or None of one without. sealed: the secret of one-time passwords as it is
    stored; empty for an officer who has security keys only."""

    staff_key: int
    sealed: bytes


@dataclass(frozen=True)
class GivenFactor:
    """What a form gives for a second factor: a one-time password or recovery code, or the answer of a security key."""

    code: str = ""
    key: GivenKey | None = None


def read_code(text: str) -> str:
    """Normalize a code: width, case, spaces and hyphens."""
    return "".join(unicodedata.normalize("NFKC", text).replace("-", "").split()).lower()


def make_secret(keyring: Keyring, staff_key: int) -> bytes:
    """Return a new secret, sealed for an officer."""
    return keyring.seal_octets(secrets.token_bytes(SECRET_BYTES), bind(SecondFactor.secret, staff_id=staff_key))


def open_secret(keyring: Keyring, sealed: bytes, staff_key: int) -> bytes | None:
    """Return the secret that was sealed for an officer; None if it was not."""
    try:
        return keyring.open_octets(sealed, bind(SecondFactor.secret, staff_id=staff_key))
    except (InvalidTag, KeyringError):
        return None


def write_secret(secret: bytes) -> str:
    """Return a secret as an officer types it, in Base32."""
    return base64.b32encode(secret).decode()


def draw_secret(secret: bytes, username: str) -> str:
    """Return the address of a picture, a QR code that authenticator applications read."""
    address = _password_of(secret).get_provisioning_uri(username, "Suxin")
    return str(segno.make(address, micro=False, error="m").svg_data_uri(scale=4))


def find_step(secret: bytes, code: str, now: datetime) -> int | None:
    """Return the time step whose code this is: the present one, the one before, or the one after (RFC 6238, 5.2)."""
    present, found = int(now.timestamp()) // STEP_SECONDS, None
    for step in (present - 1, present, present + 1):
        try:
            _password_of(secret).verify(code.encode(), step * STEP_SECONDS)
            found = step
        except InvalidToken:
            continue
    return found


def has_factor(staff_key: Any) -> sa.ColumnElement[bool]:
    """Return the condition that a member of staff has a second factor. staff_key: a key, or a column with keys."""
    return sa.or_(*(sa.exists().where(kind.staff_id == staff_key) for kind in (SecondFactor, SecurityKey)))


def is_enrolled(connection: sa.Connection, staff_key: int) -> bool:
    """Return whether an officer has a second factor."""
    return bool(connection.scalar(sa.select(has_factor(staff_key))))


def enrol(connection: sa.Connection, enrolment: OwnFactor, step: int, now: datetime) -> list[str]:
    """Set the one-time passwords of an officer up and return new recovery codes. Former ones are no longer valid.

    step: of the code that proved it.
    """
    connection.execute(sa.delete(SecondFactor).where(SecondFactor.staff_id == enrolment.staff_key))
    values = {"staff_id": enrolment.staff_key, "secret": enrolment.sealed, "last_step": step, "enrolled_at": now}
    connection.execute(sa.insert(SecondFactor).values(values))
    return renew_codes(connection, enrolment.staff_key)


def renew_codes(connection: sa.Connection, staff_key: int) -> list[str]:
    """Replace the recovery codes of an officer."""
    connection.execute(sa.delete(RecoveryCode).where(RecoveryCode.staff_id == staff_key))
    codes = [_draw_code() for _ in range(RECOVERY_CODES)]
    rows = [{"staff_id": staff_key, "code_hash": _hash(read_code(code))} for code in codes]
    connection.execute(sa.insert(RecoveryCode), rows)
    return codes


def remove(connection: sa.Connection, staff_key: int) -> bool:
    """Remove every second factor of an officer and the recovery codes. Returns whether there was one."""
    had = is_enrolled(connection, staff_key)
    for row in (SecondFactor, SecurityKey, RecoveryCode):
        connection.execute(sa.delete(row).where(row.staff_id == staff_key))
    return had


def remove_one_key(connection: sa.Connection, staff_key: int, reference: str) -> bool:
    """Remove a security key; with the last second factor, the recovery codes. Returns whether there was the key."""
    removed = remove_key(connection, staff_key, reference)
    if removed and not is_enrolled(connection, staff_key):
        remove(connection, staff_key)
    return removed


def accept(
    connection: sa.Connection,
    keys: SecurityKeys,
    factor: OwnFactor | None,
    given: GivenFactor,
    now: datetime,
    *,
    use: bool = True,
) -> bool:
    """Return whether what is given is the officer's, and use it up. Without a factor everything is accepted.

    use: False after a wrong password: the same statements run, and change nothing (R20).
    """
    owner = factor.staff_key if factor and use else NOBODY
    if given.key:
        right = keys.accept(connection, owner, given.key, now)
    else:
        right = _accept_code(connection, keys.keyring, factor, owner, read_code(given.code), now)
    return right if factor else True


def _accept_code(
    connection: sa.Connection, keyring: Keyring, factor: OwnFactor | None, owner: int, code: str, now: datetime
) -> bool:
    if ONE_TIME.fullmatch(code):
        secret = open_secret(keyring, factor.sealed, factor.staff_key) if factor else None
        step = find_step(secret or bytes(SECRET_BYTES), code, now)
        return _use_step(connection, owner, step if step is not None and secret else 0)
    return _use_code(connection, owner, code) if RECOVERY.fullmatch(code) else False


def _use_step(connection: sa.Connection, staff_key: int, step: int) -> bool:
    """Accept the code of a step once, and none of an earlier step after it."""
    newer = (SecondFactor.staff_id == staff_key, SecondFactor.last_step < step)
    return connection.execute(sa.update(SecondFactor).where(*newer).values(last_step=step)).rowcount == 1


def _use_code(connection: sa.Connection, staff_key: int, code: str) -> bool:
    mine = (RecoveryCode.staff_id == staff_key, RecoveryCode.code_hash == _hash(code))
    return connection.execute(sa.delete(RecoveryCode).where(*mine)).rowcount == 1


def _draw_code() -> str:
    """Return 100 random bits in four groups of five letters and digits."""
    text = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()[: 4 * GROUP]
    return "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def _hash(code: str) -> bytes:
    """Return the SHA-256 of a random code, which needs no slow hash."""
    return hashlib.sha256(code.encode()).digest()


def _password_of(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - HMAC-SHA-1, as RFC 6238 has it by default
