"""Keys that sign access tokens and reports: a private key file, rotated while servers run.

`next` is published but does not sign yet, so that caches of the key set have it in time; `current` signs. A previous
key, of which only the public half is kept, verifies tokens until the last has expired, and stays published until its
last report has (docs/adr/0020).
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from secret_file import write_secret

ALGORITHM = "ES256"
CACHE_SECONDS = 300
"""Cache lifetime of the published key set (Cache-Control: max-age)."""

NOTICE_SECONDS = 2 * CACHE_SECONDS
"""Time for which a key is published before it signs."""

REPORT_SECONDS = 90 * 24 * 60 * 60
"""Maximum lifetime of a report; a previous key stays published so long after its last token."""

log = logging.getLogger("suxin.signing")


class SigningError(RuntimeError):
    """The signing keys cannot be used or rotated. The message says what to do."""


@dataclass(frozen=True)
class Previous:
    """The public half of a former signing key. forget_at: when its last token has expired."""

    key: ECKey
    forget_at: float

    @property
    def outlived_at(self) -> float:
        """When the last report that it signed has expired."""
        return self.forget_at + REPORT_SECONDS


@dataclass(frozen=True)
class KeyFile:
    """The content of the key file. published_at: when `next` was first published."""

    current: ECKey
    next: ECKey
    published_at: float
    previous: tuple[Previous, ...] = ()

    @cached_property
    def own(self) -> dict[str, ECKey]:
        """The current and the next key, by kid."""
        return self._with(())

    def trusted(self, now: float) -> dict[str, ECKey]:
        """Return the keys that verify tokens at `now`, by kid."""
        return self._with(old.key for old in self.previous if old.forget_at > now)

    def published(self, now: float) -> dict[str, ECKey]:
        """Return the keys that verify reports at `now`, by kid; they include those of tokens."""
        return self._with(old.key for old in self.previous if old.outlived_at > now)

    def _with(self, previous: Iterable[ECKey]) -> dict[str, ECKey]:
        return {_kid(key): key for key in (self.next, self.current, *previous)}


class SigningKeys:
    """The key file of a running server, read again after `rotate` has replaced it. path: created with new keys if
    absent. clock: seconds since the epoch. Raises SigningError if it cannot be read."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path, self._clock = path, clock
        if not path.exists():
            _write(path, _fresh(clock()))
        self._seen = _stamp(path)
        self._keys = _read(path)

    def sign(self, claims: dict[str, Any], token_type: str) -> str:
        """Sign `claims` with the current key, whose kid is in the header."""
        key = self._fresh_keys().current
        return jwt.encode(_header(key, token_type), claims, key, algorithms=[ALGORITHM])

    def sign_bytes(self, payload: bytes, content_type: str, beside: Mapping[str, Any] | None = None) -> str:
        """Sign `payload` with the current key; returns a compact JWS (RFC 7515, section 3.1). beside: further members
        of its header."""
        key = self._fresh_keys().current
        header = {**_header(key, content_type), **(beside or {})}
        registry = jws.JWSRegistry(algorithms=[ALGORITHM], strict_check_header=False)
        return jws.serialize_compact(header, payload, key, registry=registry)

    def find(self, kid: object) -> ECKey | None:
        """Return the key of this kid that verifies tokens; None if there is none."""
        if not isinstance(kid, str):
            return None
        keys = self._fresh_keys()
        return keys.own.get(kid) or keys.trusted(self._clock()).get(kid)

    def published(self) -> dict[str, ECKey]:
        """Return the keys that verify reports, by kid."""
        return self._fresh_keys().published(self._clock())

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Return the public JWK set (RFC 7517, section 5)."""
        return {"keys": [_public(key) for key in self.published().values()]}

    def _fresh_keys(self) -> KeyFile:
        """Return the current content of the file; if it cannot be read, the content read before."""
        try:
            stamp = _stamp(self._path)
            if stamp != self._seen:
                self._seen, self._keys = stamp, _read(self._path)
        except (OSError, SigningError):
            log.exception("The signing key file cannot be read; the keys read before stay in use.")
        return self._keys


def rotate(path: Path, now: float, token_lifetime: int) -> str:
    """Make `next` the signing key, retire the current one, and publish a new `next`; returns the kid that signs now.
    Raises SigningError if `next` has not been published for NOTICE_SECONDS."""
    keys = _read(path)
    if (wait := keys.published_at + NOTICE_SECONDS - now) > 0:
        raise SigningError(f"The next key was published too recently: rotate again in {wait:.0f} seconds.")
    retired = Previous(keys.current, now + CACHE_SECONDS + token_lifetime)
    kept = tuple(old for old in keys.previous if old.outlived_at > now)
    _write(path, KeyFile(keys.next, _generate(), now, (*kept, retired)))
    return _kid(keys.next)


def replace(path: Path, now: float) -> str:
    """Emergency: discard all keys and sign with a new one. Every existing token and report becomes invalid."""
    keys = _fresh(now)
    _write(path, keys)
    return _kid(keys.current)


def _fresh(now: float) -> KeyFile:
    return KeyFile(_generate(), _generate(), now)


def _generate() -> ECKey:
    return ECKey.generate_key("P-256", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)


def _kid(key: ECKey) -> str:
    return str(key.kid)


def _header(key: ECKey, content_type: str) -> dict[str, str]:
    return {"alg": ALGORITHM, "typ": content_type, "kid": _kid(key)}


def _public(key: ECKey) -> dict[str, Any]:
    return {**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM, "kid": _kid(key)}


def _stamp(path: Path) -> tuple[int, int, int]:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_ino, found.st_size


def _read(path: Path) -> KeyFile:
    try:
        stored = json.loads(path.read_text())
        previous = tuple(Previous(_named(old["key"]), float(old["forget_at"])) for old in stored["previous"])
        return KeyFile(_private(stored["current"]), _private(stored["next"]), float(stored["published_at"]), previous)
    except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
        reason = type(error).__name__
        raise SigningError(f"{path} is not a signing key file ({reason}). Restore it, or replace the keys.") from error


def _private(jwk: Any) -> ECKey:
    key = _named(jwk)
    if not key.is_private:
        raise ValueError("a key is public")
    return key


def _named(jwk: Any) -> ECKey:
    key = ECKey.import_key(jwk)
    if not key.kid:
        raise ValueError("a key has no kid")
    return key


def _write(path: Path, keys: KeyFile) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    document = {
        "current": keys.current.as_dict(private=True),
        "next": keys.next.as_dict(private=True),
        "published_at": keys.published_at,
        "previous": [{"key": _public(old.key), "forget_at": old.forget_at} for old in keys.previous],
    }
    write_secret(path, json.dumps(document))
