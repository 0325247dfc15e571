"""The limits of a worker's connections and of its requests in work."""

import resource
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address

from protocols.sources import Forwarded
from source_address import name_source

RESERVED_FILES = 256
"""File descriptors that are not used for clients: the database, files, webhooks."""


@dataclass(frozen=True)
class ConnectionLimits:
    """The limits of one worker.

    head_bytes, head_fields: the size of a request's head, and the number of its header fields (RFC 6585, section 5).
    head_seconds, body_seconds: from the first byte of a request to the end of its head, and to the end of its body; a
    new connection must send its first request within head_seconds. send_seconds: how often a client must have read at
    least SLOWEST bytes a second of what waits for it. connections, source_connections: open connections, all and of
    one address. requests: requests in work. proxies: networks whose connections carry requests of several clients.
    """

    head_bytes: int = 32 * 1024
    head_fields: int = 100
    head_seconds: float = 10
    body_seconds: float = 60
    send_seconds: float = 30
    connections: int = 4096
    source_connections: int = 512
    requests: int = 128
    proxies: Sequence[IPv4Network | IPv6Network] = ()

    def is_proxy(self, address: str) -> bool:
        """Return whether connections from an address are shared by several clients."""
        if not self.proxies:
            return False
        with suppress(ValueError):
            found = ip_address(address)
            return any(found in network for network in self.proxies)
        return False

    @cached_property
    def _forwarded(self) -> Forwarded:
        return Forwarded(self.proxies)

    def find_source(self, address: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Return the source of a request on a connection from an address, or what that says as a proxy."""
        told = self._forwarded.find_source(headers) if self.is_proxy(address) else None
        return told or name_source(address)

    @property
    def most_connections(self) -> int:
        """The number of open connections, for which there are file descriptors."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return self.connections if files < 0 else max(1, min(self.connections, files - RESERVED_FILES))
