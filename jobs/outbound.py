"""HTTP requests to addresses chosen by clients: to public hosts, or to networks that the operator allows.

A name is resolved once, all its addresses are checked, and the connection is made to the first that answers, so that
DNS rebinding has no effect (OWASP, server-side request forgery). Redirects are not followed, and responses are not
stored.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore2

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
TRANSLATED = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96", "fec0::/10")))
"""IPv6 networks that a gateway translates to any IPv4 address (RFC 6052, RFC 8215, RFC 4291, RFC 7915), and the former
site-local addresses (RFC 3879)."""

CONNECT_SECONDS, ANSWER_SECONDS, WHOLE_SECONDS = 5.0, 15.0, 20.0
SENDING = 1_000
"""Connections to all webhooks together."""

RESOLVING = ThreadPoolExecutor(64, "resolver")
"""Threads for name resolution: a name server that does not answer blocks nothing else."""

FAILURES = (
    TimeoutError,
    OSError,
    ValueError,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    httpcore2.TimeoutException,
)

UNREACHED = (OSError, httpcore2.ConnectError, httpcore2.ConnectTimeout)
"""Errors after which the next address of a host is tried: no data was sent."""

TIMEOUT = {"connect": CONNECT_SECONDS, "read": ANSWER_SECONDS, "write": CONNECT_SECONDS, "pool": WHOLE_SECONDS}
LARGEST_DOCUMENT = 64 * 1024
"""Bytes of a document that is fetched."""

LARGEST_ANSWER = 16 * 1024
"""Bytes read of a response so that its connection can be reused."""


@dataclass(frozen=True)
class HttpReply:
    """The status of a response, and its Retry-After as it was sent."""

    status: int
    retry_after: str | None


class ForbiddenAddressError(OSError):
    """A connection to this address is not allowed."""


def is_public(address: Address) -> bool:
    """Return whether an address is globally reachable, including an IPv4 address embedded in it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address.sixtofour or address.teredo or any(address in network for network in TRANSLATED):
            return False
    return address.is_global and not address.is_multicast


class CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to checked addresses. networks: allowed networks; public: whether public addresses are allowed."""

    def __init__(self, networks: Sequence[Network], *, public: bool) -> None:
        self._networks, self._public = networks, public
        self._backend = httpcore2.AnyIOBackend()

    def allows(self, address: Address) -> bool:
        """Return whether a connection to an address is allowed."""
        named = any(address.version == network.version and address in network for network in self._networks)
        return named or (self._public and is_public(address))

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that answers. Raises ForbiddenAddressError if any is not allowed."""
        async with asyncio.timeout(timeout):
            addresses = await _addresses(host, port)
        if not addresses or not all(self.allows(address) for address in addresses):
            raise ForbiddenAddressError("the address is not allowed")
        end = _clock() + (CONNECT_SECONDS if timeout is None else timeout)
        *others, last = ((str(address), len(addresses) - place) for place, address in enumerate(addresses))
        for address, left in others:
            with suppress(*UNREACHED):
                share = (end - _clock()) / left
                return await self._backend.connect_tcp(address, port, share, local_address, socket_options)
        return await self._backend.connect_tcp(last[0], port, end - _clock(), local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        """Raise ForbiddenAddressError."""
        raise ForbiddenAddressError("a socket of this machine is not allowed")

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`."""
        await self._backend.sleep(seconds)


def _clock() -> float:
    return asyncio.get_running_loop().time()


async def _addresses(host: str, port: int) -> Sequence[Address]:
    """Return the addresses of a host without duplicates, in the order of the system (RFC 6724)."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(RESOLVING, look_up)
    return [ip_address(text) for text in dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)]


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    return next((value.decode("latin-1") for name, value in headers if name.lower() == b"retry-after"), None)


class Outbound:
    """Sends requests: by TLS to the Internet and to `networks`, without TLS to `networks` only."""

    def __init__(self, networks: Sequence[Network], connections: int) -> None:
        limits: dict[str, Any] = {"max_connections": connections, "max_keepalive_connections": connections}
        common = limits | {"keepalive_expiry": 5.0}
        tls, plain = CheckedBackend(networks, public=True), CheckedBackend(networks, public=False)
        context = ssl.create_default_context()
        self._tls = httpcore2.AsyncConnectionPool(ssl_context=context, network_backend=tls, **common)
        self._plain = httpcore2.AsyncConnectionPool(network_backend=plain, **common)

    async def post(self, url: str, headers: Mapping[str, str], content: bytes) -> HttpReply | None:
        """Send a request. Returns None if there was no response."""
        pool = self._tls if url.startswith("https://") else self._plain
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                return await self._post(pool, url, headers, content)
        except FAILURES:
            return None

    async def get(self, url: str) -> bytes | None:
        """Fetch a document of at most LARGEST_DOCUMENT bytes by TLS. Returns None unless the response is 200."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._get(url)
        except FAILURES:
            return None

    async def _get(self, url: str) -> bytes | None:
        body, accepted = bytearray(), [("accept", "application/jwk-set+json, application/json")]
        async with self._tls.stream("GET", url, headers=accepted, extensions={"timeout": TIMEOUT}) as response:
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) > LARGEST_DOCUMENT:
                    return None
            return bytes(body) if response.status == 200 else None

    async def _post(
        self, pool: httpcore2.AsyncConnectionPool, url: str, headers: Mapping[str, str], content: bytes
    ) -> HttpReply:
        extensions = {"timeout": TIMEOUT}
        async with pool.stream(
            "POST", url, headers=list(headers.items()), content=content, extensions=extensions
        ) as response:
            size = 0
            async for chunk in response.aiter_stream():
                size += len(chunk)
                if size > LARGEST_ANSWER:
                    break
            return HttpReply(int(response.status), _retry_after(response.headers))

    async def close(self) -> None:
        """Close all connections."""
        await self._tls.aclose()
        await self._plain.aclose()
