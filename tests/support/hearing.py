"""A verifier that hears of revocations, and what it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import sqlalchemy as sa
from oauth_clients import ISSUER, Service, SigningClient
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.revocations import RevocationListener
from auth.tokens import TokenError, TokenVerifier

NAME = {"application_name": "hears revocations"}
KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hears revocations'"
BEGUN, ENDED = ("trust", True), ("trust", False)
Connect = Callable[[], Any]


class Ear:
    """A verifier, and what it is told, one thing after the other."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self.verifier = verifier
        self.told: asyncio.Queue[tuple[str, int]] = asyncio.Queue()

    def trust(self, hearing: bool) -> None:
        """Tell the verifier, and note it."""
        self.verifier.trust(hearing)
        self.told.put_nowait(("trust", hearing))

    def forget(self, client_key: int) -> None:
        """Tell the verifier, and note it."""
        self.verifier.forget(client_key)
        self.told.put_nowait(("forget", client_key))

    async def next(self) -> tuple[str, int]:
        """What comes next, waited for."""
        async with asyncio.timeout(10):
            return await self.told.get()


def trusting(service: Service, engine: AsyncEngine, kind: type[TokenVerifier] = TokenVerifier) -> TokenVerifier:
    """A verifier whose clock stands still within the time that it trusts."""
    return kind(ISSUER, service.server.signing, engine, service.clock, trust_seconds=30)


@asynccontextmanager
async def hearing(connect: Connect, verifier: TokenVerifier) -> AsyncIterator[Ear]:
    """The verifier hears while the context lasts."""
    ear = Ear(verifier)
    cache: Any = ear
    task = asyncio.create_task(RevocationListener(cache).listen(connect))
    try:
        yield ear
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def good(verifier: TokenVerifier, token: str) -> bool:
    """Whether the verifier takes a token."""
    try:
        await verifier.verify(token)
    except TokenError as error:
        return error.code != "invalid_token"
    return True


async def revoke(service: Service, bank: SigningClient, token: str) -> None:
    """As its owner does it."""
    response = await service.ask(bank.form(service.clock) | {"token": token}, "/oauth/revoke")
    assert response.status_code == 200


def revoke_unheard(service: Service) -> None:
    """Revoke all tokens without a word: who trusts them does not notice, who asks does."""
    with service.engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(sa.text("UPDATE issued_token SET revoked_at = now()"))


def client_key(service: Service, client: SigningClient) -> int:
    """The key of a client's row."""
    with service.engine.connect() as connection:
        key = connection.scalar(sa.text("SELECT id FROM client WHERE client_id = :id"), {"id": client.client_id})
    return int(key or 0)
