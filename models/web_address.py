"""Addresses that clients register: of webhooks, of published keys, and to return to after sign-in (RFC 3986)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from languages.sentence import say

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
TRANSLATED = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96", "fec0::/10")))
"""IPv6 networks that a gateway translates to any IPv4 address (RFC 6052, RFC 8215, RFC 4291, RFC 7915), and the former
site-local addresses (RFC 3879)."""

SPECIAL = tuple(map(ip_network, ("192.0.0.0/24", "3fff::/20", "5f00::/16", "100:0:0:1::/64")))
"""Networks that are not globally reachable (special-purpose registries of IANA), which not every interpreter knows:
protocol assignments (RFC 6890), documentation (RFC 9637), SRv6 segments (RFC 9602), a dummy prefix (RFC 9780)."""

REACHABLE = frozenset(map(ip_address, ("192.0.0.9", "192.0.0.10")))
"""Globally reachable addresses within SPECIAL (RFC 7723, RFC 8155)."""

LONGEST_RECEIVER, LONGEST_HOST = 500, 253
AUTHORITY = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]]*)(?::[0-9]*)?")
LABEL, NUMBER = re.compile("[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"), re.compile("[0-9]+|0x[0-9a-f]*")
NO_HOST = "Name a host after https:// by name or IP address (IPv6 in brackets), and a port from 1 to 65535 or none."


class AddressError(ValueError):
    """Text that is no usable address. The message says what to do."""


@dataclass(frozen=True)
class WebAddress:
    """An address. scheme: `https` or `http`. host: a name or an IP address, without brackets, in lower case. port: None
    for that of the scheme. target: path and query as they were written, from `/` on."""

    scheme: str
    host: str
    port: int | None
    target: str

    @property
    def ip(self) -> Address | None:
        """The IP address, if the host is one."""
        return _read_ip(self.host)


def parse_address(text: str) -> WebAddress:
    """Read an address by https or http, without user and fragment. Raises AddressError.

    The parser of the library leaves tabs and line feeds out, and browsers read a backslash as a slash: text with them
    would mean another address than it shows.
    """
    if not text.isascii():
        raise AddressError("Write the address in ASCII: names of hosts by Punycode (xn--…), the rest percent-encoded.")
    if not text.isprintable() or " " in text or "\\" in text:
        raise AddressError("Write blanks, control characters and backslashes percent-encoded (%20).")
    if "#" in text:
        raise AddressError("Leave out the fragment: # and what follows it.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise AddressError(NO_HOST) from None
    if parts.scheme not in {"https", "http"}:
        raise AddressError("Give an https:// address.")
    if "@" in parts.netloc:
        raise AddressError("Leave out user and password: what stands before the @.")
    if port == 0 or not _names_host(parts.netloc, parts.hostname or ""):
        raise AddressError(NO_HOST)
    rest = text[len(parts.scheme) + len("://") + len(parts.netloc) :]
    return WebAddress(parts.scheme, parts.hostname or "", port, rest if rest.startswith("/") else f"/{rest}")


def _names_host(authority: str, host: str) -> bool:
    """Return whether a host is a name (RFC 1123, section 2.1), an IPv4 address of four decimal numbers, or between
    brackets an IPv6 address without a zone. To resolvers, a name whose last label is a number is an IPv4 address."""
    if not AUTHORITY.fullmatch(authority):
        return False
    if authority.startswith("["):
        return isinstance(_read_ip(host), IPv6Address) and "%" not in host
    labels = host.removesuffix(".").split(".")
    if NUMBER.fullmatch(labels[-1]):
        return isinstance(_read_ip(host), IPv4Address)
    return len(host) <= LONGEST_HOST and all(LABEL.fullmatch(label) for label in labels)


def _read_ip(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Return whether an address is globally reachable, including an IPv4 address embedded in it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address.sixtofour or address.teredo or _is_within(address, TRANSLATED):
            return False
    if _is_within(address, SPECIAL):
        return address in REACHABLE
    return address.is_global and not address.is_multicast


def is_allowed(address: Address, networks: Sequence[Network], *, public: bool) -> bool:
    """Return whether requests may be sent to an address: it is in one of `networks`, or public where that suffices."""
    return _is_within(address, networks) or (public and is_public(address))


def _is_within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def check_receiver(text: str, networks: Sequence[Network]) -> None:
    """Raise AddressError for an address to which nothing can be sent: by https to the Internet and to `networks`, by
    http to `networks` only. The addresses of a name are checked on connection."""
    if len(text) > LONGEST_RECEIVER:
        raise AddressError(say("Give an address of at most {most} characters.", most=LONGEST_RECEIVER))
    address = parse_address(text)
    secure = address.scheme == "https"
    if not secure and not networks:
        raise AddressError("Give an https:// address.")
    if address.ip is not None and not is_allowed(address.ip, networks, public=secure):
        raise AddressError("Give an https:// address with a public host: this one is in no network that is allowed.")
