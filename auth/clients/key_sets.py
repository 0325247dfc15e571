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
from typing import Any

from auth.clients.keys import ClientKeysError, parse_published_jwks

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


class KeySets:
    """The published sets that this worker knows, by address. fetch: None to fetch none."""

    def __init__(self, fetch: Fetch | None) -> None:
        self._fetch = fetch
        self._known: dict[str, Known] = {}

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
        body = self._fetch(address)
        try:
            keys, left_out = parse_published_jwks(json.loads(body or b""))
        except (ClientKeysError, ValueError, RecursionError) as error:
            log.warning("no key set at the jwks_uri of a client: %s", type(error).__name__)
            return
        if left_out:
            log.info("%d keys at the jwks_uri of a client are not used here, such as: %s", len(left_out), left_out[0])
        known.keys, known.fetched_at = keys, now


def _has(jwks: Mapping[str, Any], kid: object) -> bool:
    return any(key["kid"] == kid for key in jwks["keys"])
