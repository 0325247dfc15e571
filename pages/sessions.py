"""Sessions of people on pages: a cookie that no script reads, and the token of the forms of its pages."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pages.forms import ForgedFormError


@dataclass(frozen=True)
class PageSession:
    """A kind of sessions. name: of its cookie. issuer: the address of the service. The server holds what a secret
    stands for."""

    name: str
    issuer: str

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """The attributes of the cookie."""
        return {"path": "/", "secure": self.issuer.startswith("https:"), "httponly": True, "samesite": "lax"}

    @cached_property
    def cookie(self) -> str:
        """The name of the cookie: browsers accept `__Host-` from this host alone (RFC 6265bis, 4.1.3.2)."""
        return f"__Host-{self.name}" if self.attributes["secure"] else self.name

    def read(self, request: Request) -> str:
        """Return the secret that a browser sends; empty if it sends none."""
        return request.cookies.get(self.cookie, "")

    def csrf_of(self, request: Request) -> str:
        """Return the token of the forms of a session: it is derived from the cookie, which no script and no other host
        knows."""
        return hmac.digest(self.read(request).encode(errors="replace"), b"suxin/forms", hashlib.sha256).hex()

    def check(self, request: Request, form: Mapping[str, str]) -> None:
        """Raise ForgedFormError unless a form is of a page of this session."""
        if not hmac.compare_digest(form.get("csrf", "").encode(), self.csrf_of(request).encode()):
            raise ForgedFormError

    def begin(self, response: Response, secret: str, lasting: timedelta) -> Response:
        """Give the browser the cookie of a session that has begun."""
        response.set_cookie(self.cookie, secret, int(lasting.total_seconds()), **self.attributes)
        return response

    def end(self, response: Response) -> Response:
        """Take the cookie away."""
        response.delete_cookie(self.cookie, **self.attributes)
        return response
