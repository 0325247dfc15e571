"""A browser and a court's client for tests: signs in on the page, comes back with a code, redeems it (PKCE)."""

import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge

REDIRECT_URI = "https://court.example/signed-in"
CHALLENGE = re.compile(r"challenge&#34;: &#34;[^&]+&#34;")
"""What a security key is to sign: another on each page."""

CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Attempt:
    """One authorization request, with what only its client knows."""

    client_id: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(8))

    def query(self, **over: str | None) -> str:
        """The query of the authorization request; `over` replaces parameters, None removes one."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT_URI,
            "state": self.state,
            "code_challenge": create_s256_code_challenge(self.verifier),
            "code_challenge_method": "S256",
        }
        return urlencode({name: value for name, value in (asked | over).items() if value is not None})

    def redemption(self, code: str, **over: str) -> dict[str, str]:
        """The form of the token request, without the client's own authentication."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        return form | {"code_verifier": self.verifier} | over


def path(query: str) -> str:
    """The authorization endpoint."""
    return f"/oauth/authorize?{query}"


def filled(page: Any, username: str, password: str) -> dict[str, str]:
    """The form of a page, filled in."""
    found = CSRF.search(page.text)
    assert found, page.text
    return {"csrf": found.group(1), "username": username, "password": password}


def returned(response: Any) -> dict[str, str]:
    """What the browser brings back to the client."""
    assert response.status_code == 303, (response.status_code, response.text)
    assert response.headers["location"].startswith(REDIRECT_URI + "?")
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))
