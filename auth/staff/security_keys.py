"""Security keys of officers as second factors (WebAuthn, level 3): registered, asked for, accepted, removed."""

import hmac
import json
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from auth.staff.challenges import Challenges, RelyingParty
from models.keyring import Keyring
from models.number_recogniser import holds_identity_number
from models.staff_account import SecurityKey, StaffAccount

if TYPE_CHECKING:
    from auth.staff.ceremonies import Assertion

MOST_KEYS, LONGEST_NAME = 10, 40
ASKED = "assert"
TIMEOUT = 60_000
"""Milliseconds that a browser waits for the key."""

WRONG_NAME = "名称须为 1 至 40 个字符，不得含身份证号。A name has 1 to 40 characters, and no ID number."
TOO_MANY = "最多登记 10 个安全密钥。An account has at most ten security keys. Remove one first."
TAKEN = "该安全密钥已登记。This security key is registered already."
WRONG_CHALLENGE = "页面已过期，请重试。The challenge is not that of this page, or is older than ten minutes. Try again."
USED_BEFORE = "The challenge was answered before, or a later one was."
NOT_REGISTERED = "The key is not registered for this account."
OF_ANOTHER = "The key was made for another account."
log = logging.getLogger("suxin.oauth")


class SecurityKeyError(ValueError):
    """A security key cannot be registered, or its answer is not accepted. The message says why."""


@dataclass(frozen=True)
class GivenKey:
    """The answer of a security key as JSON. page: the secret of the form that it came with."""

    answer: str
    page: str


@dataclass(frozen=True)
class SecurityKeys:
    """The keys of all officers of the server at `issuer`."""

    keyring: Keyring
    issuer: str

    @cached_property
    def party(self) -> RelyingParty:
        """This server, as browsers know it."""
        return RelyingParty(self.issuer)

    @cached_property
    def challenges(self) -> Challenges:
        """What the keys sign."""
        return Challenges(self.keyring)

    def ask(self, page: str, now: datetime) -> str:
        """Return the options of `navigator.credentials.get` as JSON. They name no account and no key (R20)."""
        challenge = _write(self.challenges.issue(ASKED, page, now.timestamp()))
        asked = {"challenge": challenge, "rpId": self.party.host, "timeout": TIMEOUT, "userVerification": "preferred"}
        return json.dumps(asked)

    def offer(self, connection: sa.Connection, staff_key: int, username: str, page: str, now: datetime) -> str:
        """Return the options of `navigator.credentials.create` as JSON, for a new key of an officer."""
        from auth.staff.ceremonies import write_registration  # noqa: PLC0415 - loaded when used

        known = connection.scalars(sa.select(SecurityKey.credential).where(SecurityKey.staff_id == staff_key)).all()
        challenge = self.challenges.issue(_registration(staff_key), page, now.timestamp())
        return write_registration(self.party, self._handle(staff_key), username, known, challenge)

    def register(self, connection: sa.Connection, staff_key: int, given: GivenKey, name: str, now: datetime) -> None:
        """Register a key for an officer. Raises SecurityKeyError with the reason."""
        from auth.staff import ceremonies  # noqa: PLC0415 - loaded when used

        if not 0 < len(name := name.strip()) <= LONGEST_NAME or holds_identity_number(name):
            raise SecurityKeyError(WRONG_NAME)
        try:
            credential, challenge = ceremonies.read_registration(given.answer)
            issued = self.challenges.read(challenge, _registration(staff_key), given.page, now.timestamp())
            if issued is None:
                raise SecurityKeyError(WRONG_CHALLENGE)
            new = ceremonies.verify_registration(self.party, credential, challenge)
        except ceremonies.CeremonyError as error:
            raise SecurityKeyError(str(error)) from error
        self._store(
            connection,
            {
                "staff_id": staff_key,
                "credential": new.credential,
                "public_key": new.public_key,
                "sign_count": new.sign_count,
                "last_challenge": issued,
                "name": name,
                "added_at": now,
            },
        )

    def _store(self, connection: sa.Connection, values: dict[str, object]) -> None:
        """Store a key, one registration of an account at a time. Raises SecurityKeyError."""
        mine = StaffAccount.staff_id == values["staff_id"]
        connection.execute(sa.select(StaffAccount.staff_id).where(mine).with_for_update())
        theirs = SecurityKey.staff_id == values["staff_id"]
        if (connection.scalar(sa.select(sa.func.count()).where(theirs)) or 0) >= MOST_KEYS:
            raise SecurityKeyError(TOO_MANY)
        stored = insert(SecurityKey).values(values).on_conflict_do_nothing(index_elements=[SecurityKey.credential])
        if connection.scalar(stored.returning(SecurityKey.id)) is None:
            raise SecurityKeyError(TAKEN)

    def accept(self, connection: sa.Connection, staff_key: int, given: GivenKey, now: datetime) -> bool:
        """Return whether an answer is from a key of the officer, and use it up. The reason of a refusal is logged."""
        from auth.staff import ceremonies  # noqa: PLC0415 - loaded when used

        try:
            self._accept(connection, staff_key, ceremonies.read_assertion(given.answer), given.page, now)
        except (SecurityKeyError, ceremonies.CeremonyError) as error:
            log.warning("a security key was refused: %r", str(error))
            return False
        return True

    def _accept(
        self, connection: sa.Connection, staff_key: int, assertion: "Assertion", page: str, now: datetime
    ) -> None:
        """Raise SecurityKeyError or CeremonyError unless the answer is accepted."""
        from auth.staff.ceremonies import verify_assertion  # noqa: PLC0415 - loaded when used

        mine = (SecurityKey.staff_id == staff_key, SecurityKey.credential == assertion.credential)
        key = connection.execute(sa.select(SecurityKey.__table__).where(*mine)).one_or_none()
        if key is None:
            raise SecurityKeyError(NOT_REGISTERED)
        if assertion.handle is not None and not hmac.compare_digest(assertion.handle, self._handle(staff_key)):
            raise SecurityKeyError(OF_ANOTHER)
        issued = self.challenges.read(assertion.challenge, ASKED, page, now.timestamp())
        if issued is None:
            raise SecurityKeyError(WRONG_CHALLENGE)
        if issued <= key.last_challenge:
            raise SecurityKeyError(USED_BEFORE)
        count = verify_assertion(self.party, assertion, key.public_key, key.sign_count)
        newer = (SecurityKey.id == key.id, SecurityKey.last_challenge < issued, SecurityKey.sign_count <= count)
        values = {"sign_count": count, "last_challenge": issued, "used_at": now}
        if connection.execute(sa.update(SecurityKey).where(*newer).values(values)).rowcount != 1:
            raise SecurityKeyError(USED_BEFORE)

    def _handle(self, staff_key: int) -> bytes:
        """Return what authenticators know of an account: no name and no number."""
        return hmac.digest(self.keyring.sign_in_key, f"handle\0{staff_key}".encode(), "sha256")


def list_keys(connection: sa.Connection, staff_key: int) -> list[dict[str, Any]]:
    """Return the keys of an officer in the order of registration: reference, name, moments."""
    row = SecurityKey
    query = sa.select(row.credential, row.name, row.added_at, row.used_at).where(row.staff_id == staff_key)
    found = connection.execute(query.order_by(row.id)).mappings()
    return [dict(one) | {"reference": _write(one["credential"])} for one in found]


def remove_key(connection: sa.Connection, staff_key: int, reference: str) -> bool:
    """Remove a key of an officer. reference: of `list_keys`. Returns whether there was one."""
    try:
        credential = urlsafe_b64decode(reference + "=" * (-len(reference) % 4))
    except ValueError:
        return False
    mine = (SecurityKey.staff_id == staff_key, SecurityKey.credential == credential)
    return connection.execute(sa.delete(SecurityKey).where(*mine)).rowcount == 1


def _registration(staff_key: int) -> str:
    return f"register {staff_key}"


def _write(octets: bytes) -> str:
    return urlsafe_b64encode(octets).decode().rstrip("=")
