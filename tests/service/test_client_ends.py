"""What ends with a client or its keys: tokens, codes and what a disabled client is told of, in the log alone."""

import logging
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hearing import good
from house import House
from oauth_clients import ISSUER, Service, SigningClient, refusal

from auth.administration.admissions import AdmissionTerms, admit_client, end_admissions
from auth.clients.registration import RegistrationError
from auth.clients.registry import disable_client, enable_client, end_issued
from auth.tokens import TokenVerifier
from models.client import Client
from models.security_event import SecurityAct, SecurityEvent
from models.terms import COURT_TIME


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
        enable_client(connection, bank.client_id, now=moment(service))
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


TERMS = AdmissionTerms("合同2027-17", "王芳", "PIA-9", date(2027, 1, 15))
"""Until the end of the day on which the tests begin, at 16:00 in court time."""


def admit(service: Service, client: SigningClient, admission: AdmissionTerms = TERMS, **more: Any) -> None:
    """Admit a client now."""
    with service.engine.begin() as connection:
        admit_client(connection, client.client_id, admission, now=moment(service), **more)


async def test_access_stops_with_the_last_day(service: Service, bank: SigningClient, engine: Any) -> None:
    admit(service, bank)
    midnight = datetime(2027, 1, 16, tzinfo=COURT_TIME).timestamp()
    service.clock.now = midnight - 60
    answer = (await service.token(bank)).json()
    assert answer["expires_in"] == 60
    verifier = verifier_of(service, engine)
    assert await good(verifier, answer["access_token"])
    service.clock.now = midnight
    assert not await good(verifier, answer["access_token"])
    assert refusal(await service.token(bank)) == (401, "invalid_client")


async def test_whose_last_day_is_over_is_disabled_as_by_an_operator(service: Service, bank: SigningClient) -> None:
    other = service.register()
    admit(service, bank)
    admit(service, other, replace(TERMS, ends_on=date(2027, 1, 16)))

    def end() -> list[str]:
        with service.engine.begin() as connection:
            ours = {bank.client_id, other.client_id}
            return [one for one in end_admissions(connection, moment(service)) if one in ours]

    assert end() == []
    service.clock.now += 24 * 3600
    assert end() == [bank.client_id]
    assert end() == []
    with service.engine.begin() as connection:
        events = sa.select(SecurityEvent.act).where(SecurityEvent.subject == f"client {bank.client_id}")
        acts = list(connection.scalars(events.order_by(SecurityEvent.id)))
        assert acts[-3:] == [
            SecurityAct.CLIENT_CHANGED,
            SecurityAct.CLIENT_TOKENS_ENDED,
            SecurityAct.CLIENT_DISABLED,
        ]
    assert refusal(await service.token(bank)) == (401, "invalid_client")
    assert (await service.token(other)).status_code == 200
    told = f"The admission of {bank.client_id} ended on 2027-01-15. First: suxin client admit {bank.client_id} …."
    with pytest.raises(RegistrationError, match=re.escape(told)), service.engine.begin() as connection:
        enable_client(connection, bank.client_id, now=moment(service))
    admit(service, bank, replace(TERMS, ends_on=date(2027, 12, 31)))
    with service.engine.begin() as connection:
        enable_client(connection, bank.client_id, now=moment(service))
    assert (await service.token(bank)).status_code == 200


async def test_an_admission_limits_the_purposes_and_is_kept_with_its_terms(
    service: Service, bank: SigningClient
) -> None:
    admit(service, bank, purposes=["LOAN_APPROVAL"])
    names = ("contract_number", "responsible", "impact_assessment", "ends_on", "purposes")
    with service.engine.connect() as connection:
        columns = [getattr(Client, name) for name in names]
        row = connection.execute(sa.select(*columns).where(Client.client_id == bank.client_id)).one()
    assert tuple(row) == ("合同2027-17", "王芳", "PIA-9", date(2027, 1, 15), ["LOAN_APPROVAL"])


@pytest.mark.parametrize(
    ("changed", "purposes", "told"),
    [
        ({"contract_number": " "}, (), "The contract number is a text of 1 to 200 characters."),
        ({"responsible": "王" * 201}, (), "The responsible is a text of 1 to 200 characters."),
        ({"impact_assessment": "a\x00"}, (), "The impact assessment is a text of 1 to 200 characters."),
        ({"ends_on": date(2027, 1, 14)}, (), "2027-01-14 is over. Name a last day to come, or disable the client."),
        ({}, ["JUDICIAL"], "BANK may not name JUDICIAL; it may name GUARANTEE_REVIEW"),
    ],
)
async def test_a_wrong_admission_is_refused_with_its_reason(
    service: Service, bank: SigningClient, changed: dict[str, Any], purposes: list[str], told: str
) -> None:
    with pytest.raises(RegistrationError, match=re.escape(told)):
        admit(service, bank, replace(TERMS, **changed), purposes=purposes)
    with service.engine.connect() as connection:
        kept = sa.select(Client.contract_number, Client.ends_on).where(Client.client_id == bank.client_id)
        assert tuple(connection.execute(kept).one()) == (None, None)


def test_half_an_admission_is_none(service: Service, bank: SigningClient) -> None:
    change = sa.update(Client).where(Client.client_id == bank.client_id).values(contract_number="1")
    with pytest.raises(sa.exc.IntegrityError, match="ck_client_admission"), service.engine.begin() as connection:
        connection.execute(change)
