"""Keys of clients: published by themselves, and replaced by themselves (RFC 7591, section 2; FAPI 2.0, 5.4.2, 6.8)."""

import asyncio
import json
import socket
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from chambers import Chambers
from joserfc.jwk import ECKey
from oauth_clients import ISSUER, START, Clock, Service, SigningClient, refusal
from world import ISSUER as SERVED

from auth.audiences import Audience
from auth.clients.authentication import ASSERTION_TYPE, WRONG_ASSERTION, ClientAuthenticator
from auth.clients.key_sets import KeySets
from jobs.outbound import Outbound
from models.published_key_set import PublishedKeySet

GRANT = {"grant_type": "client_credentials"}
ADDRESS = "https://bank.example/keys.json"


def public(*keys: ECKey) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys]}


def fresh() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


class Site:
    """Where a client publishes its keys, and how often it was asked."""

    def __init__(self, *keys: ECKey) -> None:
        self.body: bytes | None = json.dumps(public(*keys)).encode()
        self.asked: list[str] = []

    def __call__(self, url: str) -> bytes | None:
        self.asked.append(url)
        return self.body


def publish(service: Service, site: Site) -> SigningClient:
    """A bank whose keys are at `site`, too."""
    service.server._authenticator = ClientAuthenticator(ISSUER, KeySets(site))
    return service.register(jwks_uri=ADDRESS)


async def status(service: Service, client: SigningClient, key: ECKey) -> int:
    return (await service.token(SigningClient(client.client_id, key))).status_code


# --- published keys ---------------------------------------------------------------------------------------------------


@pytest.mark.fapi_accepts("5.4.2-1")
async def test_a_published_key_authenticates_beside_the_registered_one(service: Service) -> None:
    new = fresh()
    site = Site(new)
    bank = publish(service, site)
    assert (await service.token(bank)).status_code == 200
    assert site.asked == [], "a registered key needs no look-up"
    assert await status(service, bank, new) == 200
    assert await status(service, bank, new) == 200
    assert site.asked == [ADDRESS], "a set is kept"


async def test_a_rotated_key_is_found_without_the_court(service: Service) -> None:
    first, second = fresh(), fresh()
    site = Site(first)
    bank = publish(service, site)
    assert await status(service, bank, first) == 200
    site.body = json.dumps(public(second)).encode()
    service.clock.now += 31
    assert [await status(service, bank, key) for key in (second, first)] == [200, 401]


async def test_unknown_keys_do_not_make_the_service_ask_again_and_again(service: Service) -> None:
    site = Site(fresh())
    bank = publish(service, site)
    assert {await status(service, bank, fresh()) for _ in range(5)} == {401}
    assert len(site.asked) == 1
    service.clock.now += 30
    assert await status(service, bank, fresh()) == 401
    assert len(site.asked) == 2


@pytest.mark.parametrize("body", [None, b"", b"<html>", b"[" * 3_000, b"{}", b'{"keys": []}', b"\xff"])
async def test_a_site_that_fails_replaces_nothing(service: Service, body: bytes | None) -> None:
    key = fresh()
    site = Site(key)
    bank = publish(service, site)
    assert await status(service, bank, key) == 200
    site.body = body
    service.clock.now += 60
    assert await status(service, bank, fresh()) == 401
    assert await status(service, bank, key) == 200
    service.clock.now += 600
    assert await status(service, bank, key) == 401, "but not for ever"
    assert (await service.token(bank)).status_code == 200


OTHERS: dict[str, Any] = {
    "post-quantum": {"kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AAAA"},
    "symmetric": {"kty": "oct", "kid": "mac", "k": "AAAA"},
    "for encryption": {**fresh().as_dict(private=False), "use": "enc"},
    "on another curve": ECKey.generate_key("P-384", auto_kid=True).as_dict(private=False),
    "private": fresh().as_dict(private=True),
    "without a name": ECKey.generate_key("P-256").as_dict(private=False),
    "none": "key",
}


@pytest.mark.parametrize("kind", OTHERS)
async def test_keys_that_do_not_sign_stand_beside_one_that_does(service: Service, kind: str) -> None:
    """RFC 7517, section 5. A bank publishes one set for all that it does."""
    key, site = fresh(), Site()
    site.body = json.dumps({"keys": [OTHERS[kind], key.as_dict(private=False), OTHERS[kind]]}).encode()
    bank = publish(service, site)
    with service.engine.begin() as connection:  # other tests have been at later times
        connection.execute(sa.delete(PublishedKeySet))
    assert await status(service, bank, key) == 200
    assert site.asked == [ADDRESS]
    with service.engine.connect() as connection:  # what the client is told of it
        kept = connection.execute(sa.select(PublishedKeySet).where(PublishedKeySet.address == ADDRESS)).one()
    assert (kept.left_out, kept.problem) == (2, None)


async def test_a_key_for_encryption_may_have_the_name_of_one_that_signs(service: Service) -> None:
    """FAPI 2.0, 5.4.3: the one that fits is taken. It does not sign itself."""
    signs, other = fresh(), fresh()
    sealing = {**other.as_dict(private=False), "kid": str(signs.kid), "use": "enc"}
    site = Site()
    site.body = json.dumps({"keys": [sealing, signs.as_dict(private=False)]}).encode()
    bank = publish(service, site)
    twin = ECKey.import_key({**other.as_dict(private=True), "kid": str(signs.kid)})
    assert [await status(service, bank, key) for key in (signs, twin)] == [200, 401]


@pytest.mark.fapi_refuses("5.4.2-3")
async def test_a_set_with_two_keys_of_one_name_is_none(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    one, two = fresh(), ECKey.generate_key("P-256")
    twin = ECKey.import_key({**two.as_dict(private=True), "kid": str(one.kid)})
    bank = publish(service, Site(one, twin))
    assert [await status(service, bank, key) for key in (one, twin)] == [401, 401]
    assert (
        "no key set at the jwks_uri of a client: Two keys have the same kid. Give each key a name of its own."
        in caplog.messages
    )


@pytest.mark.fapi_refuses("5.4.2-2")
async def test_an_address_in_the_header_is_never_followed(service: Service) -> None:
    """`jku` and `x5u` would let anybody name the keys that are trusted."""
    own, site = fresh(), Site(fresh())
    bank = publish(service, site)
    for name in ("jku", "x5u"):
        header = {name: "https://evil.example/keys", "kid": own.kid}
        form = GRANT | bank.form(service.clock, key=own, header=header)
        assert refusal(await service.ask(form)) == (401, "invalid_client")
    assert set(site.asked) == {ADDRESS}


async def test_an_address_inside_is_not_asked() -> None:
    """As for webhooks: only public addresses (OWASP, server-side request forgery)."""
    outbound = Outbound((), 1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        assert await outbound.get(f"https://127.0.0.1:{listener.getsockname()[1]}/keys") is None
        with pytest.raises(BlockingIOError):
            listener.accept()
    await outbound.close()


def test_the_service_asks_from_its_threads(chambers: Chambers) -> None:
    """An unknown key of a client that publishes keys inside the court's network: no error of the service."""
    client = chambers.clients[Audience.BANK]
    with chambers.engine.begin() as connection:
        publishes = sa.text("UPDATE client SET jwks_uri = 'https://127.0.0.1:1/keys' WHERE client_id = :id")
        connection.execute(publishes, {"id": client.client_id})
    stranger = SigningClient(client.client_id, fresh(), SERVED)
    now = int(chambers.calendar.moment.timestamp())
    assertion = stranger.assertion(Clock(now))
    form = GRANT | {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    response = chambers.http.post("/oauth/token", data=form)
    assert (response.status_code, response.json()["error_description"]) == (401, WRONG_ASSERTION)


# --- a client replaces its keys ---------------------------------------------------------------------------------------


async def replace(service: Service, client: SigningClient, keys: Any) -> Any:
    """The answer to a client that sends its new keys."""
    text = keys if isinstance(keys, str) else json.dumps(keys)
    return await service.ask({"jwks": text} | client.form(service.clock), "/oauth/keys")


@pytest.mark.fapi_accepts("6.8-1")
async def test_a_client_replaces_its_keys_by_one_that_is_registered(service: Service) -> None:
    bank, new = service.register(), fresh()
    both = await replace(service, bank, public(bank.key, new))  # type: ignore[arg-type]
    assert (both.status_code, both.headers["cache-control"]) == (200, "no-store")
    assert [key["kid"] for key in both.json()["keys"]] == [bank.key.kid, new.kid]
    assert [await status(service, bank, key) for key in (bank.key, new)] == [200, 200]  # type: ignore[arg-type]
    assert (await replace(service, SigningClient(bank.client_id, new), public(new))).status_code == 200
    assert [await status(service, bank, key) for key in (bank.key, new)] == [401, 200]  # type: ignore[arg-type]


@pytest.mark.fapi_refuses("6.8-1")
async def test_nobody_else_replaces_them(service: Service) -> None:
    bank, thief = service.register(), fresh()
    forged = await replace(service, SigningClient(bank.client_id, thief), public(thief))
    assert (refusal(forged), forged.json()["error_description"]) == ((401, "invalid_client"), WRONG_ASSERTION)
    form = bank.form(service.clock) | {"jwks": json.dumps(public(bank.key, fresh()))}  # type: ignore[arg-type]
    assert (await service.ask(form, "/oauth/keys")).status_code == 200
    replayed = await service.ask(form, "/oauth/keys")
    assert refusal(replayed) == (401, "invalid_client")
    assert "its jti was used before" in replayed.json()["error_description"]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("", "Send the new JWK set as JSON"),
        ("{", "Send the new JWK set as JSON"),
        ("[" * 3_000, "Send the new JWK set as JSON"),
        ({"keys": []}, "holds 1 to 8 keys"),
        (fresh().as_dict(private=True), "is a private key"),
        (ECKey.generate_key("P-384", auto_kid=True).as_dict(private=False), "must be on P-256"),
    ],
)
async def test_keys_that_are_none_replace_nothing(service: Service, keys: Any, reason: str) -> None:
    bank = service.register()
    response = await replace(service, bank, keys)
    assert refusal(response) == (400, "invalid_request")
    assert reason in response.json()["error_description"]
    assert (await service.token(bank)).status_code == 200


async def test_a_client_with_a_secret_has_no_keys_to_replace(service: Service) -> None:
    response = await service.ask({"jwks": "{}"}, "/oauth/keys", auth=service.register_pilot())
    assert refusal(response) == (400, "invalid_request")
    assert "authenticate with private_key_jwt" in response.json()["error_description"]


async def test_of_two_replacements_with_one_assertion_one_wins(service: Service) -> None:
    bank = service.register()
    form = bank.form(service.clock) | {"jwks": json.dumps(public(fresh()))}
    statuses = [one.status_code for one in await asyncio.gather(*(service.ask(form, "/oauth/keys") for _ in range(4)))]
    assert sorted(statuses) == [200, 401, 401, 401]


def test_a_server_that_fetches_nothing_knows_the_registered_keys() -> None:
    known: Mapping[str, Any] = {"keys": []}
    assert KeySets(None).find(known, ADDRESS, "x", START) is known
