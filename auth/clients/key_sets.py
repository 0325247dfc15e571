"""Key sets that clients publish themselves (`jwks_uri`; RFC 7591, section 2), beside the keys registered here.

A set is fetched when an assertion names a key that is not registered, kept for ten minutes, and not asked for more than
once in half a minute. An answer that is no valid set replaces nothing; keys in it that do not sign are ignored (RFC
7517, section 5).
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from auth.clients.keys import ClientKeysError, parse_published_jwks
from languages.sentence import say
from models.published_key_set import PublishedKeySet

KEPT_SECONDS, PAUSE_SECONDS = 600, 30
LARGEST_SET = 64 * 1024
log = logging.getLogger("suxin.oauth")

Fetch = Callable[[str], bytes | None]
"""Returns the body of a successful response to GET; None if there is none. It checks the address."""


@dataclass
class Known:
    """A fetched set. tried_at: the last attempt; fetched_at: the last success."""

    keys: dict[str, Any]
    tried_at: float
    fetched_at: float
    fetching: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Attempt:
    """What came of fetching a set. at: in seconds since the epoch. problem: why it replaced nothing, if it did not."""

    at: float
    keys: Mapping[str, Any] | None = None
    problem: str | None = None
    left_out: int = 0


NO_ANSWER = "Nothing was fetched: the address did not answer with a document within time, or is no public address."
NO_SET = "What was fetched is no JSON. Publish a JWK set (RFC 7517, section 5)."


class KeySets:
    """The published sets that this worker knows, by address. fetch: None to fetch none."""

    def __init__(self, fetch: Fetch | None) -> None:
        self._fetch = fetch
        self._known: dict[str, Known] = {}
        self._attempts: dict[str, Attempt] = {}

    def find(self, jwks: Mapping[str, Any], address: str | None, kid: object, now: float) -> Mapping[str, Any]:
        """Return the set with the key `kid`: the registered one, or else the one at `address`."""
        if address is None or self._fetch is None or _has(jwks, kid):
            return jwks
        known = self._known.setdefault(address, Known({"keys": []}, 0, 0))
        with known.fetching:
            fresh = now - known.fetched_at < KEPT_SECONDS
            if not (fresh and _has(known.keys, kid)) and now - known.tried_at >= PAUSE_SECONDS:
                known.tried_at = now
                self._renew(known, address, now)
        return known.keys if now - known.fetched_at < KEPT_SECONDS else jwks

    def _renew(self, known: Known, address: str, now: float) -> None:
        assert self._fetch is not None  # noqa: S101 - `find` asks before
        self._attempts[address] = made = _read(self._fetch(address), now)
        if made.problem:
            log.warning("no key set at the jwks_uri of a client: %s", made.problem)
            return
        if made.left_out:
            log.info("%d keys at the jwks_uri of a client are not used here", made.left_out)
        known.keys, known.fetched_at = dict(made.keys or {}), now

    def keep_attempts(self, connection: sa.Connection) -> None:
        """Write down what came of fetching since the last call, so that clients can be told. The newest counts."""
        for address in sorted(self._attempts):
            if made := self._attempts.pop(address, None):
                connection.execute(_keep(address, made))


def _read(body: bytes | None, now: float) -> Attempt:
    """Return what a document at an address is worth."""
    if body is None:
        return Attempt(now, problem=say(NO_ANSWER))
    try:
        keys, left_out = parse_published_jwks(json.loads(body))
    except ClientKeysError as error:
        return Attempt(now, problem=str(error))
    except (ValueError, RecursionError):
        return Attempt(now, problem=say(NO_SET))
    return Attempt(now, keys, left_out=len(left_out))


def _keep(address: str, made: Attempt) -> sa.Executable:
    at = datetime.fromtimestamp(made.at, UTC)
    told: dict[str, Any] = {"tried_at": at, "problem": made.problem}
    told |= {"keys": made.keys, "fetched_at": at, "left_out": made.left_out} if made.keys else {}
    kept = insert(PublishedKeySet).values({"address": address, "left_out": 0, **told})
    newer = PublishedKeySet.tried_at <= at
    return kept.on_conflict_do_update(index_elements=[PublishedKeySet.address], set_=told, where=newer)


def _has(jwks: Mapping[str, Any], kid: object) -> bool:
    return any(key["kid"] == kid for key in jwks["keys"])
