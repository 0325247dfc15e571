"""What ends with a client or its keys: tokens, codes and what a disabled client is told of, in the log alone."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hearing import good
from house import House
from oauth_clients import ISSUER, Service, SigningClient, refusal

from auth.clients.registry import disable_client, enable_client, end_issued
from auth.tokens import TokenVerifier
from models.client import Client


def verifier_of(service: Service, engine: Any) -> TokenVerifier:
    """A verifier that asks the database each time."""
    return TokenVerifier(ISSUER, service.server.signing, engine, service.clock)


def moment(service: Service) -> datetime:
    """The server's time."""
    return datetime.fromtimestamp(service.clock.now, UTC)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines about refused clients."""
    return [one.getMessage() for one in caplog.records if one.name == "suxin.oauth" and one.levelname == "WARNING"]


async def test_what_was_issued_with_the_old_key_ends(service: Service, bank: SigningClient, engine: Any) -> None:
    verifier, other = verifier_of(service, engine), service.register()
    token, kept = await service.access_token(bank), await service.access_token(other)
    with service.engine.begin() as connection:
        end_issued(connection, bank.client_id, moment(service))
    assert (await good(verifier, token), await good(verifier, kept)) == (False, True)
    assert await good(verifier, await service.access_token(bank)), "with the new key it goes on"
    asked = await service.ask({"token": token} | other.form(service.clock), "/oauth/introspect")
    assert asked.json() == {"active": False}


async def test_a_code_of_before_is_of_no_use(house: House) -> None:
    attempt = house.attempt()
    code = await house.code(attempt)
    with house.service.engine.begin() as connection:
        end_issued(connection, house.client.client_id, house.moment())
    assert refusal(await house.redeem(attempt, code)) == (400, "invalid_grant")


async def test_what_was_issued_before_a_disabling_stays_ended_after_it(
    service: Service, bank: SigningClient, engine: Any
) -> None:
    verifier = verifier_of(service, engine)
    token = await service.access_token(bank)
    with service.engine.begin() as connection:
        disable_client(connection, bank.client_id, now=moment(service))
    assert refusal(await service.token(bank)) == (401, "invalid_client")
    with service.engine.begin() as connection:
        enable_client(connection, bank.client_id)
    assert await good(verifier, await service.access_token(bank))
    assert not await good(verifier, token)


async def test_a_disabled_client_is_told_of_in_the_log_and_nowhere_else(
    service: Service, bank: SigningClient, engine: Any, caplog: pytest.LogCaptureFixture
) -> None:
    pilot, secret = service.register_pilot()
    token = await service.access_token(bank)
    unknown = SigningClient("nobody", bank.key)
    with service.engine.begin() as connection:
        for client_id in (bank.client_id, pilot):
            disable_client(connection, client_id, now=moment(service))
    caplog.set_level(logging.WARNING)
    by_key, by_none = await service.token(bank), await service.token(unknown)
    assert (by_key.status_code, by_key.json()) == (by_none.status_code, by_none.json())
    assert told(caplog) == [f"client {bank.client_id} is disabled: a request was refused"]
    await service.ask({"grant_type": "client_credentials"}, auth=(pilot, secret))
    assert not await good(verifier_of(service, engine), token)
    assert told(caplog)[1:] == [f"client {one} is disabled: a request was refused" for one in (pilot, bank.client_id)]
    assert secret not in caplog.text


async def test_the_log_does_not_speak_of_others(
    service: Service, bank: SigningClient, engine: Any, caplog: pytest.LogCaptureFixture
) -> None:
    token = await service.access_token(bank)
    with service.engine.begin() as connection:
        end_issued(connection, bank.client_id, moment(service))
        ended = connection.scalar(sa.select(Client.revoked_before).where(Client.client_id == bank.client_id))
    assert ended == moment(service)
    assert not await good(verifier_of(service, engine), token)
    assert told(caplog) == []
