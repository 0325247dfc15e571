"""A court's client and one of its judges, in front of an authorization server."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
from browser import REDIRECT_URI, Attempt, filled, path, returned
from oauth_clients import Service, SigningClient

from auth.audiences import Audience
from auth.server.accounts import Account, Password, add_staff
from models.court import StaffRole

YUYAO, NINGBO, CIXI = "浙0281", "浙02", "浙0282"


@dataclass
class House:
    """A court's client and one of its judges, in front of an authorization server."""

    service: Service
    client: SigningClient
    judge: Password

    @property
    def http(self) -> httpx2.AsyncClient:
        """The judge's browser."""
        return self.service.http

    def attempt(self) -> Attempt:
        """A new authorization request of the court's client."""
        return Attempt(self.client.client_id)

    async def sign_in(self, attempt: Attempt, who: Password | None = None, **over: str | None) -> httpx2.Response:
        """Fill in the page."""
        who, address = who or self.judge, path(attempt.query(**over))
        page = await self.http.get(address)
        return await self.http.post(address, data=filled(page, who.username, who.password))

    async def code(self, attempt: Attempt, who: Password | None = None) -> str:
        """A code, signed in for."""
        return returned(await self.sign_in(attempt, who))["code"]

    async def redeem(self, attempt: Attempt, code: str, by: Any = None, **over: str) -> Any:
        """The answer of the token endpoint."""
        client = by or self.client
        return await self.service.ask(attempt.redemption(code, **over) | client.form(self.service.clock))

    def moment(self) -> datetime:
        """The server's time."""
        return datetime.fromtimestamp(self.service.clock.now, UTC)


def open_house(service: Service) -> House:
    """A new client of the court with a judge of its own; the catalogue is loaded."""
    client = service.register(Audience.COURT, court_code=YUYAO, redirect_uris=[REDIRECT_URI])
    with service.engine.begin() as connection:
        judge = add_staff(connection, Account("王法官", client.client_id + ".judge", StaffRole.JUDGE, YUYAO))
    return House(service, client, judge)
