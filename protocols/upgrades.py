"""Offers to continue by HTTP/2 on a plain connection (h2c), as the HTTP client of the JDK makes them with each request.

A server may ignore them (RFC 9110, section 7.8); the parser would stop after the head, and lose the body.
"""

import re

OFFER = re.compile(rb"\r\nupgrade:[ \t]*h2c[ \t]*(?=\r\n|\Z)", re.IGNORECASE)
END = b"\r\n\r\n"


def drop_offer(data: bytes) -> bytes:
    """Return the beginning of a request without the offer in its head."""
    if b"h2c" not in data:
        return data
    head, end, rest = data.partition(END)
    return OFFER.sub(b"", head) + end + rest
