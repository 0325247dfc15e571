"""What is wrong with the head of a request, beyond what the parser looks at."""

import re
from collections.abc import Iterable, Sequence

from protocols.limits import ConnectionLimits
from protocols.refusals import Refused

HOST = re.compile(rb"[\w.~!$&'()*+,;=:%\[\]-]*[ \t]*", re.ASCII)
"""The characters of a host and a port (RFC 3986, section 3.2), which may be empty."""

Headers = Sequence[tuple[bytes, bytes]]


def is_large(url: bytes, headers: Headers, limits: ConnectionLimits) -> bool:
    """Return whether an address and its header fields have more bytes than a head may have."""
    return len(url) + sum(len(name) + len(value) for name, value in headers) > limits.head_bytes


def find_fault(version: str, headers: Headers) -> Refused | None:
    """Return why a head is refused: for its hosts (RFC 9112, section 3.2) or its transfer codings (section 6.1). Names
    are in lower case. HTTP/1.0 needs no host, and has no transfer codings. version: as "1.1"."""
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or (not hosts and version != "1.0") or (hosts and not HOST.fullmatch(hosts[0])):
        return Refused.HOST
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    return _judge_codings(version, codings) if codings else None


def _judge_codings(version: str, codings: Iterable[bytes]) -> Refused | None:
    if version == "1.0":
        return Refused.MALFORMED
    return None if b",".join(codings).strip().lower() == b"chunked" else Refused.CODING
