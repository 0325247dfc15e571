"""In which content codings bodies of requests are taken: in none (RFC 9110, section 8.4.1).

A compressed body would have to be unpacked before it can be bounded.
"""

from collections.abc import Mapping

IDENTITY = "identity"
TAKEN = {"Accept-Encoding": IDENTITY}
"""What an answer 415 says of it (RFC 9110, section 15.5.16)."""

ONLY_IDENTITY = "Send the body as it is, without Content-Encoding: no other encoding than identity is taken."


def is_encoded(headers: Mapping[str, str]) -> bool:
    """Whether a body comes in any content coding."""
    codings = headers.get("content-encoding", "").lower().split(",")
    return any(coding.strip() not in ("", IDENTITY) for coding in codings)
