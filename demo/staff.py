"""Staff of the demo court, and their sign-in by browser."""

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import sqlalchemy as sa
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from auth.clients.authentication import ASSERTION_TYPE
from auth.metadata import AUTHORIZATION_PATH, TOKEN_PATH
from auth.server.accounts import Account, Password, add_staff
from auth.server.token_client import ClientCredential, sign_client_assertion
from demo.city.cast import DEMO_COURT
from demo.clients import REDIRECT_URI
from models.court import AdministratorRole, StaffRole

CSRF = re.compile(r'name="csrf" value="([^"]+)"')
NAMES = {
    StaffRole.JUDGE: "王法官 (demo)",
    StaffRole.CHIEF: "李庭长 (demo)",
    StaffRole.CENTRE: "诉信中心 (demo)",
    StaffRole.PANEL: "评审小组 (demo)",
    StaffRole.PRESIDENT: "周院长 (demo)",
}


def register_staff(connection: sa.Connection) -> dict[StaffRole, Password]:
    """Add an account for each role at the demo court, in the caller's transaction."""
    return {
        role: add_staff(connection, Account(name, f"demo-{role.lower()}", role, DEMO_COURT))
        for role, name in NAMES.items()
    }


ADMINISTRATORS = {
    AdministratorRole.SYSTEM: "系统管理员 (demo)",
    AdministratorRole.SECURITY: "安全管理员 (demo)",
    AdministratorRole.AUDIT: "审计管理员 (demo)",
}


def register_administrators(connection: sa.Connection) -> dict[AdministratorRole, Password]:
    """Add an account of each power of administration, in the caller's transaction. Powers are not separated, so that
    whoever tries the demo grants by commands."""
    return {
        power: add_staff(connection, Account(name, f"demo-{power.lower()}", power, DEMO_COURT, f"demo-{power.lower()}"))
        for power, name in ADMINISTRATORS.items()
    }


class SignInError(RuntimeError):
    """The sign-in failed. The message says at which step."""


@dataclass(frozen=True)
class Browser:
    """A browser with cookies, and the court's client. `http`: an httpx client or a compatible one."""

    http: Any
    credential: ClientCredential
    redirect_uri: str = REDIRECT_URI

    def sign_in(self, who: Password, now: float | None = None) -> str:
        """Return an access token for a member of staff (RFC 6749, section 4.1; RFC 7636). Raises SignInError."""
        verifier = secrets.token_urlsafe(48)
        code = self._code(who, verifier)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri}
        assertion = sign_client_assertion(self.credential, now or time.time())
        proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, "code_verifier": verifier}
        answer: Mapping[str, Any] = self.http.post(self.credential.issuer + TOKEN_PATH, data=form | proof).json()
        if "access_token" not in answer:
            raise SignInError(f"{answer.get('error')}: {answer.get('error_description')}")
        return str(answer["access_token"])

    def _code(self, who: Password, verifier: str) -> str:
        """Submit the sign-in page, unless there is a session, and read the code from the redirect."""
        query = {
            "response_type": "code",
            "client_id": self.credential.client_id,
            "redirect_uri": self.redirect_uri,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        address = self.credential.issuer + AUTHORIZATION_PATH
        response = self.http.get(address, params=query, follow_redirects=False)
        if found := CSRF.search(response.text):
            form = {"csrf": found.group(1), "username": who.username, "password": who.password}
            response = self.http.post(address, params=query, data=form, follow_redirects=False)
        if response.status_code != 303:
            raise SignInError(f"The page answered {response.status_code}.")
        return dict(parse_qsl(urlsplit(str(response.headers["location"])).query)).get("code", "")
