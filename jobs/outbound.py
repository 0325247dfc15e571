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
from ipaddress import ip_address
from typing import Any

import httpcore2

from models.web_address import Address, AddressError, Network, WebAddress, is_allowed, parse_address
from models.webhook import DeliveryFailure

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


WORDS: Mapping[tuple[type[Exception], ...], DeliveryFailure] = {
    (AddressError,): DeliveryFailure.BAD_ADDRESS,
    (ForbiddenAddressError,): DeliveryFailure.NOT_ALLOWED,
    (socket.gaierror, UnicodeError): DeliveryFailure.NOT_RESOLVED,
    (TimeoutError, httpcore2.TimeoutException): DeliveryFailure.TIMEOUT,
    UNREACHED: DeliveryFailure.NOT_CONNECTED,
}
"""What an error means, the first that fits."""


class CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to checked addresses. networks: allowed networks; public: whether public addresses are allowed."""

    def __init__(self, networks: Sequence[Network], *, public: bool) -> None:
        self._networks, self._public = networks, public
        self._backend = httpcore2.AnyIOBackend()

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
        if not addresses or not all(is_allowed(one, self._networks, public=self._public) for one in addresses):
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


def _is_by_tls(error: BaseException | None) -> bool:
    """Return whether an error is one of TLS, or came of one."""
    return isinstance(error, ssl.SSLError) or (error is not None and _is_by_tls(error.__cause__ or error.__context__))


def _name_failure(error: Exception) -> DeliveryFailure:
    if isinstance(error, httpcore2.ConnectError) and _is_by_tls(error):
        return DeliveryFailure.TLS
    return next((word for kinds, word in WORDS.items() if isinstance(error, kinds)), DeliveryFailure.NO_ANSWER)


def _write_url(address: WebAddress) -> httpcore2.URL:
    """Return an address in parts: the library's own parser leaves out what follows a `;` in the path."""
    return httpcore2.URL(scheme=address.scheme, host=address.host, port=address.port, target=address.target)


class Outbound:
    """Sends requests: by TLS to the Internet and to `networks`, without TLS to `networks` only."""

    def __init__(self, networks: Sequence[Network], connections: int) -> None:
        limits: dict[str, Any] = {"max_connections": connections, "max_keepalive_connections": connections}
        common = limits | {"keepalive_expiry": 5.0}
        tls, plain = CheckedBackend(networks, public=True), CheckedBackend(networks, public=False)
        context = ssl.create_default_context()
        self._tls = httpcore2.AsyncConnectionPool(ssl_context=context, network_backend=tls, **common)
        self._plain = httpcore2.AsyncConnectionPool(network_backend=plain, **common)

    async def post(self, url: str, headers: Mapping[str, str], content: bytes) -> HttpReply | DeliveryFailure:
        """Send a request. Returns why there was no response, if there was none."""
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                return await self._post(parse_address(url), headers, content)
        except FAILURES as error:
            return _name_failure(error)

    async def get(self, url: str) -> bytes | None:
        """Fetch a document of at most LARGEST_DOCUMENT bytes by TLS. Returns None unless the response is 200."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._get(parse_address(url))
        except FAILURES:
            return None

    async def _get(self, address: WebAddress) -> bytes | None:
        body, accepted = bytearray(), [("accept", "application/jwk-set+json, application/json")]
        url, extensions = _write_url(address), {"timeout": TIMEOUT}
        async with self._tls.stream("GET", url, headers=accepted, extensions=extensions) as response:
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) > LARGEST_DOCUMENT:
                    return None
            return bytes(body) if response.status == 200 else None

    async def _post(self, address: WebAddress, headers: Mapping[str, str], content: bytes) -> HttpReply:
        pool = self._tls if address.scheme == "https" else self._plain
        sent: dict[str, Any] = {"headers": list(headers.items()), "content": content}
        async with pool.stream("POST", _write_url(address), **sent, extensions={"timeout": TIMEOUT}) as response:
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
