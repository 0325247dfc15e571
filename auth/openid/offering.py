"""How pages for signing in offer the provider."""

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from auth.metadata import OPENID_PATH

if TYPE_CHECKING:
    from auth.server.authorization_server import AuthorizationServer

JUST_SECONDS = 660
"""Within these seconds a person was authenticated for the sign-in that has just ended: an attempt lives ten minutes."""


def offer(server: "AuthorizationServer", back: str, *, again: bool = False) -> dict[str, Any]:
    """Return what a page shows: `openid`, the address that begins a sign-in, empty without a provider; `passwords`,
    whether it has a form for them. back: path and query to go to then. again: authenticate anew."""
    if server.openid is None:
        return {"openid": "", "passwords": True}
    query = urlencode({"back": back} | ({"again": "1"} if again else {}))
    return {"openid": f"{OPENID_PATH}?{query}", "passwords": not server.openid.terms.only}


def digest_back(back: str) -> bytes:
    """Return what a session keeps of the path that it was begun for."""
    return hashlib.sha256(back.encode()).digest()
