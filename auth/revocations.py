"""Revocations: verified values are trusted for some seconds while the database can notify of changes.

The database notifies every worker of a token, client or document that changed (LISTEN). While a worker cannot listen,
it asks the database for each request.
"""

from abc import ABC, abstractmethod
from collections.abc import MutableMapping
from typing import Any

from postgres.listener import Listener


class Remembering(ABC):
    """A cache of what the database said of clients, to be trusted only while revocations are heard."""

    def __init__(self, remembered: MutableMapping[Any, Any]) -> None:
        self._remembered = remembered
        self._hearing, self._forgotten = False, 0

    @abstractmethod
    def _client_of(self, key: Any) -> int:
        """Return the key of the client that an entry is about."""

    def trust(self, hearing: bool) -> None:
        """Start or stop trusting entries. Entries from before are removed."""
        self._hearing = hearing
        self._remembered.clear()
        self._forgotten += 1

    def forget(self, client_key: int) -> None:
        """Remove the entries of a client: it was changed, or something of it was revoked."""
        self._forgotten += 1
        for key in [key for key in self._remembered if self._client_of(key) == client_key]:
            self._remembered.pop(key, None)


class RevocationListener(Listener):
    """Passes revocations on to caches. No cache is trusted while revocations cannot be heard."""

    channel = "suxin_revoked"
    beat = 0.4
    """With the time that an answer may take: for at most a second is a token trusted that was revoked unheard."""

    def __init__(self, *caches: Remembering) -> None:
        self._caches = caches

    def handle_start(self) -> None:
        """Trust the caches."""
        for cache in self._caches:
            cache.trust(hearing=True)

    def handle_notification(self, payload: str) -> None:
        """Forget the client of this key."""
        for cache in self._caches:
            cache.forget(int(payload))

    def handle_stop(self) -> None:
        """Trust no cache."""
        for cache in self._caches:
            cache.trust(hearing=False)
