"""A court's client of the class fapi2, and one of its judges in front of it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx2
from browser import REDIRECT_URI, Attempt, filled, path
from oauth_clients import Service, SigningClient
from proofs import PUSH_URL, TOKEN_URL, Holder, holder_at
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.audiences import Audience
from auth.server.accounts import Account, Password, add_staff
from ingest.reference.catalogue import load_catalogue
from models.client import ClientProfile
from models.court import StaffRole

YUYAO = "浙0281"


@dataclass
class Front:
    """A court's client of the class fapi2 and one of its judges."""

    service: Service
    client: SigningClient
    judge: Password
    holder: Holder

    def form(self, attempt: Attempt, **over: str | None) -> dict[str, str]:
        """The parameters of an authorization request, with the client's authentication."""
        return dict(parse_qsl(attempt.query(**over))) | self.client.form(self.service.clock)

    async def push(self, attempt: Attempt, headers: Any = None, **over: str | None) -> httpx2.Response:
        """Push a request; by default with a proof."""
        proven = {"dpop": self.holder.proof(PUSH_URL)} if headers is None else headers
        return await self.service.ask(self.form(attempt, **over), "/oauth/par", headers=proven)

    async def pushed(self, attempt: Attempt, headers: Any = None, **over: str | None) -> str:
        """The address of a pushed request, as a browser carries it."""
        response = await self.push(attempt, headers, **over)
        assert response.status_code == 201, response.text
        return path(urlencode({"client_id": self.client.client_id, "request_uri": response.json()["request_uri"]}))

    async def sign_in(self, address: str) -> httpx2.Response:
        """The judge fills in the page."""
        page = await self.service.http.get(address)
        return await self.service.http.post(address, data=filled(page, self.judge.username, self.judge.password))

    async def redeem(self, attempt: Attempt, code: str, holder: Holder | None = None, **over: str) -> httpx2.Response:
        """Redeem a code, with a proof by `holder`."""
        form = attempt.redemption(code, **over) | self.client.form(self.service.clock)
        return await self.service.ask(form, headers={"dpop": (holder or self.holder).proof(TOKEN_URL)})

    def attempt(self) -> Attempt:
        """A new request."""
        return Attempt(self.client.client_id)


async def open_front(service: Service, engine: AsyncEngine, **more: Any) -> Front:
    """Register both."""
    async with engine.begin() as connection:
        await load_catalogue(connection)
    options = {"court_code": YUYAO, "redirect_uris": [REDIRECT_URI], "profile": ClientProfile.FAPI2}
    client = service.register(Audience.COURT, **(options | more))
    with service.engine.begin() as connection:
        judge = add_staff(connection, Account("王法官", client.client_id + ".judge", StaffRole.JUDGE, YUYAO))
    return Front(service, client, judge, holder_at(service))
