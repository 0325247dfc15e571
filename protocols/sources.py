"""What proxies say of the source of a request, before it is read."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from source_address import name_source

FORWARDED_FOR = b"x-forwarded-for"


class Forwarded:
    """What proxies say of the source of a request. networks: of the trusted proxies."""

    def __init__(self, networks: Sequence[IPv4Network | IPv6Network]) -> None:
        self._trusted = ProxyHeadersMiddleware(_unused, ",".join(map(str, networks))).trusted_hosts

    def find_source(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """Return the source that a trusted proxy names: the last address that is no proxy's; None if it names none."""
        told = b",".join(value for name, value in headers if name == FORWARDED_FOR)
        address, _ = self._trusted.get_trusted_client_address(told.decode("latin-1"))
        return name_source(address) if address else None


async def _unused(*_: object) -> None:
    """Stand for the application that the middleware of uvicorn is made with."""
