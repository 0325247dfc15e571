"""Trust in verified tokens: it lasts while revocations are heard, and ends with the first word of one."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest
import sqlalchemy as sa
from hearing import BEGUN, ENDED, KILL, NAME, Connect, client_key, good, hearing, revoke, revoke_unheard, trusting
from oauth_clients import START, Service, SigningClient
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.access_token import AccessToken
from auth.clients.registry import disable_client
from auth.principal import Principal
from auth.scopes import Scope
from auth.tokens import TokenVerifier
from postgres import database


@pytest.fixture
def verifier(service: Service, engine: AsyncEngine) -> TokenVerifier:
    return trusting(service, engine)


@pytest.fixture
def connect(database_url: sa.URL, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Makes connections to hear by. A lost one is made again without a pause."""
    monkeypatch.setattr("postgres.listener.PAUSE_SECONDS", 0)
    return lambda: database.connect(database_url, NAME)


# --- what is heard ----------------------------------------------------------------------------------------------------


async def test_a_trusted_token_is_not_asked_for_again(
    service: Service, verifier: TokenVerifier, bank: SigningClient, connect: Connect
) -> None:
    """The other tests rest on this one: without the word of a revocation, the token would go on."""
    async with hearing(connect, verifier) as ear:
        assert await ear.next() == BEGUN
        token = await service.access_token(bank)
        await verifier.verify(token)
        revoke_unheard(service)
        assert await good(verifier, token)


async def test_a_trusted_token_is_refused_after_its_revocation(
    service: Service, verifier: TokenVerifier, bank: SigningClient, connect: Connect
) -> None:
    async with hearing(connect, verifier) as ear:
        assert await ear.next() == BEGUN
        token, other = await service.access_token(bank), await service.access_token(bank)
        assert (await good(verifier, token), await good(verifier, other)) == (True, True)
        await revoke(service, bank, token)
        assert await ear.next() == ("forget", client_key(service, bank))
        assert (await good(verifier, token), await good(verifier, other)) == (False, True)


async def test_a_revocation_leaves_the_trust_in_others(
    service: Service, verifier: TokenVerifier, bank: SigningClient, connect: Connect
) -> None:
    other = service.register()
    async with hearing(connect, verifier) as ear:
        assert await ear.next() == BEGUN
        token, kept = await service.access_token(bank), await service.access_token(other)
        assert (await good(verifier, token), await good(verifier, kept)) == (True, True)
        await revoke(service, bank, token)
        assert await ear.next() == ("forget", client_key(service, bank))
        revoke_unheard(service)
        assert (await good(verifier, token), await good(verifier, kept)) == (False, True)


async def test_a_trusted_token_is_refused_once_its_client_is_disabled(
    service: Service, verifier: TokenVerifier, bank: SigningClient, connect: Connect
) -> None:
    async with hearing(connect, verifier) as ear:
        assert await ear.next() == BEGUN
        token = await service.access_token(bank)
        assert await good(verifier, token)
        with service.engine.begin() as connection:
            disable_client(connection, bank.client_id, now=datetime.fromtimestamp(START, UTC))
        assert await ear.next() == ("forget", client_key(service, bank))
        assert not await good(verifier, token)


async def test_a_trusted_token_loses_the_scopes_that_its_client_loses(
    service: Service, verifier: TokenVerifier, bank: SigningClient, connect: Connect
) -> None:
    async with hearing(connect, verifier) as ear:
        assert await ear.next() == BEGUN
        token = await service.access_token(bank)
        assert len((await verifier.verify(token)).scopes) > 1
        with service.engine.begin() as connection:
            update = sa.text("UPDATE client SET scopes = '{catalogue.read}' WHERE client_id = :id")
            connection.execute(update, {"id": bank.client_id})
        assert await ear.next() == ("forget", client_key(service, bank))
        assert (await verifier.verify(token)).scopes == {Scope.CATALOGUE}


async def test_every_worker_hears(
    service: Service, engine: AsyncEngine, verifier: TokenVerifier, bank: SigningClient, connect: Connect
) -> None:
    second = trusting(service, engine)
    async with hearing(connect, verifier) as ear, hearing(connect, second) as other_ear:
        assert (await ear.next(), await other_ear.next()) == (BEGUN, BEGUN)
        token = await service.access_token(bank)
        assert (await good(verifier, token), await good(second, token)) == (True, True)
        await revoke(service, bank, token)
        assert await ear.next() == await other_ear.next() == ("forget", client_key(service, bank))
        assert (await good(verifier, token), await good(second, token)) == (False, False)


class Overtaken(TokenVerifier):
    """A verifier that hears of a revocation between the database's answer and its own."""

    async def _look_up(self, token: AccessToken) -> Principal | None:
        found = await super()._look_up(token)
        await self.meanwhile()
        return found

    async def meanwhile(self) -> None:
        """Nothing, unless a test says otherwise."""


async def test_a_token_verified_while_its_revocation_arrives_is_not_kept(
    service: Service, engine: AsyncEngine, bank: SigningClient, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier = trusting(service, engine, Overtaken)
    async with hearing(connect, verifier) as ear:
        assert await ear.next() == BEGUN
        token = await service.access_token(bank)

        async def revoked() -> None:
            await revoke(service, bank, token)
            assert await ear.next() == ("forget", client_key(service, bank))

        with monkeypatch.context() as during:
            during.setattr(verifier, "meanwhile", revoked)
            assert await good(verifier, token)
        assert not await good(verifier, token)


# --- what is not heard ------------------------------------------------------------------------------------------------


async def test_who_does_not_hear_trusts_nothing(service: Service, verifier: TokenVerifier, bank: SigningClient) -> None:
    token = await service.access_token(bank)
    assert await good(verifier, token)
    revoke_unheard(service)
    assert not await good(verifier, token)


async def test_what_was_verified_before_is_asked_for_again_when_hearing_begins(
    service: Service, verifier: TokenVerifier, bank: SigningClient, connect: Connect
) -> None:
    token = await service.access_token(bank)
    assert await good(verifier, token)
    revoke_unheard(service)
    async with hearing(connect, verifier) as ear:
        assert await ear.next() == BEGUN
        assert not await good(verifier, token)


async def test_trust_ends_with_the_hearing(
    service: Service, verifier: TokenVerifier, bank: SigningClient, connect: Connect
) -> None:
    async with hearing(connect, verifier) as ear:
        assert await ear.next() == BEGUN
        token = await service.access_token(bank)
        assert await good(verifier, token)
    assert await ear.next() == ENDED
    revoke_unheard(service)
    assert not await good(verifier, token)


async def test_a_lost_connection_ends_trust_until_there_is_another(
    service: Service, verifier: TokenVerifier, bank: SigningClient, connect: Connect
) -> None:
    way = asyncio.Event()
    way.set()

    async def connect_if_free() -> asyncpg.Connection:
        await way.wait()
        return await connect()

    async with hearing(connect_if_free, verifier) as ear:
        assert await ear.next() == BEGUN
        first = await service.access_token(bank)
        assert await good(verifier, first)
        way.clear()
        with service.engine.begin() as connection:
            assert connection.scalars(sa.text(KILL)).all() == [True]
        assert await ear.next() == ENDED
        revoke_unheard(service)
        assert not await good(verifier, first)
        second = await service.access_token(bank)
        assert await good(verifier, second)
        way.set()
        assert await ear.next() == BEGUN
        assert await good(verifier, second)
        await revoke(service, bank, second)
        assert await ear.next() == ("forget", client_key(service, bank))
        assert not await good(verifier, second)


@pytest.mark.parametrize("error", [ConnectionRefusedError, asyncpg.CannotConnectNowError, asyncpg.InterfaceError])
async def test_what_cannot_connect_tries_again(
    verifier: TokenVerifier, connect: Connect, error: type[Exception]
) -> None:
    failures = [error("not yet"), error("not yet")]

    async def connect_later() -> asyncpg.Connection:
        if failures:
            raise failures.pop()
        return await connect()

    async with hearing(connect_later, verifier) as ear:
        assert (await ear.next(), failures) == (BEGUN, [])
