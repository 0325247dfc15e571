"""The source of a request or of an attempt, as it is counted against limits."""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

NETWORK_BITS = 64
"""Addresses of IPv6 are counted by network: one customer has at least 2^64 of them (RFC 4291, section 2.5.1)."""


@lru_cache(4096)
def name_source(address: str) -> str:
    """Return what counts as one source: an IPv4 address, or the network of an IPv6 address; the empty string for
    anything that is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((int(found), NETWORK_BITS), strict=False))
