"""Revocations as they happen: what lets a verified token be trusted for some seconds without asking again.

The database tells every worker of a token, client or document that changed (LISTEN). Who cannot hear trusts nothing.
"""

from typing import Protocol

from postgres.listener import Listener


class Trusting(Protocol):
    """Who remembers what tokens are good for, or what a client may send."""

    def trust(self, hearing: bool) -> None:
        """Begin or cease to trust what is remembered; what was remembered before is forgotten."""

    def forget(self, client_key: int) -> None:
        """Forget what is remembered of a client."""


class RevocationListener(Listener):
    """Tells who trusts of revocations. Nothing is trusted while none can be heard."""

    channel = "suxin_revoked"

    def __init__(self, *trusting: Trusting) -> None:
        self._trusting = trusting

    def handle_start(self) -> None:
        """Trust."""
        self._trust(hearing=True)

    def handle_notification(self, payload: str) -> None:
        """Forget a client, by its key."""
        for one in self._trusting:
            one.forget(int(payload))

    def handle_stop(self) -> None:
        """Trust nothing."""
        self._trust(hearing=False)

    def _trust(self, *, hearing: bool) -> None:
        for one in self._trusting:
            one.trust(hearing)
