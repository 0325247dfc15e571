"""What proxies in front of the service say of a client: its address, and the certificate of its TLS connection.

Only headers of the networks of trusted proxies count. The certificate is passed on by the ASGI extension `tls`, as a
server that ends TLS itself would do.
"""

import base64
import binascii
import logging
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from ssl import DER_cert_to_PEM_cert
from typing import Any
from urllib.parse import unquote_to_bytes

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

LONGEST_CERTIFICATE = 16 * 1024
log = logging.getLogger("suxin.proxies")


class TrustedProxies:
    """An ASGI application behind proxies.

    networks: of the trusted proxies. header: with the client's certificate; None for none. The proxy
    must replace a header of this name that a client sends.
    """

    def __init__(self, app: Any, networks: Sequence[IPv4Network | IPv6Network], header: str | None) -> None:
        self._networks, self._header = networks, header.lower().encode() if header else None
        self._app: Any = ProxyHeadersMiddleware(app, ",".join(map(str, networks)))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a connection on to the application."""
        if self._header and scope["type"] in {"http", "websocket"}:
            scope["extensions"] = {**(scope.get("extensions") or {}), "tls": {"client_cert_chain": self._chain(scope)}}
        await self._app(scope, receive, send)

    def _chain(self, scope: Any) -> list[str]:
        """Return the certificate of a connection in PEM form, or nothing."""
        values = [value for name, value in scope["headers"] if name == self._header]
        if not any(values) or not self._is_proxy(scope.get("client")):
            return []
        found = decode_certificate(values[0]) if len(values) == 1 else None
        if found is None:
            log.warning("a proxy sent %d headers without a certificate in a known form", len(values))
        return [found] if found else []

    def _is_proxy(self, client: Sequence[Any] | None) -> bool:
        try:
            address = ip_address(client[0] if client else "")
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any((mapped or address) in network for network in self._networks)


def decode_certificate(value: bytes) -> str | None:
    """Return the PEM form of a certificate in a header: as RFC 9440 says (`:BASE64:`), as base64 without colons
    (HAProxy, Traefik), or as percent-encoded PEM (nginx, Envoy); None if it is neither."""
    if len(value) > LONGEST_CERTIFICATE:
        return None
    try:
        if value.startswith(b"-----BEGIN"):
            return unquote_to_bytes(value).decode("ascii")
        inner = value.strip()
        if inner.startswith(b":") and inner.endswith(b":") and len(inner) > 1:
            inner = inner[1:-1]
        return DER_cert_to_PEM_cert(base64.b64decode(inner, validate=True))
    except (binascii.Error, ValueError):
        return None
