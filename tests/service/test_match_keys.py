"""How the credit platform finds whom a measure is about: its own keys of persons, codes of organizations (R10, R18)."""

import hmac
from typing import Any

import pytest
import sqlalchemy as sa
from alterations import altered
from look_ups import errors, rows
from world import KEYRING, World

import models
from auth.audiences import Audience
from auth.clients.match_keys import show_match_key, use_next_match_key
from auth.clients.registration import RegistrationError
from demo.city.cast import AWARD, FORGE, ZHAO

PLATFORM = Audience.CREDIT_PLATFORM
MEASURES = """query($after: String) { measures(first: 100, after: $after) { pageInfo { hasNextPage endCursor }
  nodes { status matchKeys organizationCode party { __typename maskedNumber } } } }"""


def measures(world: World) -> list[Any]:
    found: list[Any] = []
    after = None
    while True:
        page = world.data(PLATFORM, MEASURES, {"after": after})["measures"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


def show(world: World, *, following: bool = False) -> str:
    """What the operator hands over."""
    with world.engine.begin() as connection:
        return show_match_key(connection, KEYRING, world.clients[PLATFORM].client_id, following=following)


def compute(handed_over: str, number: str) -> str:
    """The key of a number, as a platform computes it."""
    version, secret = handed_over.split(".")
    return f"{version}.{hmac.digest(bytes.fromhex(secret), number.encode(), 'sha256').hex()}"


def test_the_platform_finds_whom_a_measure_is_about(world: World) -> None:
    found, secret = measures(world), show(world)
    keys = [key for one in found for key in one["matchKeys"]]
    codes = [one["organizationCode"] for one in found if one["organizationCode"]]
    assert compute(secret, ZHAO.number) in keys
    assert {FORGE.number, AWARD.number} & set(codes)
    for one in found:
        person = one["party"] is not None and one["party"]["__typename"] == "Person"
        organization = one["party"] is not None and one["party"]["__typename"] == "Organization"
        assert (bool(one["matchKeys"]), one["organizationCode"] is not None) == (person, organization)
        assert all(key.startswith("1.") and len(key) == 66 for key in one["matchKeys"])
    assert not any(ZHAO.number in str(one) for one in found)


def test_of_a_withdrawn_measure_nobody_is_found(world: World) -> None:
    ended = [one for one in measures(world) if one["status"] == "WITHDRAWN"]
    assert {(tuple(one["matchKeys"]), one["organizationCode"]) for one in ended} == {((), None)}


def test_every_document_of_a_person_is_a_key_the_main_one_first(world: World) -> None:
    (zhao,) = rows(world, "SELECT party_id FROM identity WHERE index = :index", index=KEYRING.index(ZHAO.number))
    index = KEYRING.index("PASSPORT:E12345678")
    values = {
        "party_id": zhao.party_id, "type": "PASSPORT", "index": index, "sealed": KEYRING.seal("E12345678", index),
        "masked": "E1*****78", "main": False,
    }  # fmt: skip
    with world.engine.begin() as connection:
        key = connection.scalar(sa.insert(models.Identity).values(values).returning(models.Identity.id))
    try:
        secret = show(world)
        both = [compute(secret, ZHAO.number), compute(secret, "PASSPORT:E12345678")]
        assert both in [one["matchKeys"] for one in measures(world)]
    finally:
        with world.engine.begin() as connection:
            connection.execute(sa.delete(models.Identity).where(models.Identity.id == key))


def test_a_secret_changes_once_the_next_is_handed_over(world: World) -> None:
    before, after, client = show(world), show(world, following=True), world.clients[PLATFORM]
    assert compute(before, ZHAO.number) in {key for one in measures(world) for key in one["matchKeys"]}
    with altered(world.engine, models.Client, client.primary_key, match_version=2):
        keys = {key for one in measures(world) for key in one["matchKeys"]}
        assert show(world) == after
    assert compute(after, ZHAO.number) in keys
    assert compute(before, ZHAO.number) not in keys
    with world.engine.connect() as connection:
        assert use_next_match_key(connection, KEYRING, client.client_id) == after
        connection.rollback()


def test_two_recipients_cannot_put_their_keys_together(world: World) -> None:
    client = world.clients[PLATFORM].primary_key
    assert KEYRING.derive_match_key(client, 1) != KEYRING.derive_match_key(client + 1, 1)
    assert KEYRING.derive_match_key(11, 1) != KEYRING.derive_match_key(1, 11)


def test_others_get_no_such_key(world: World) -> None:
    with world.engine.connect() as connection, pytest.raises(RegistrationError, match="CREDIT_PLATFORM"):
        show_match_key(connection, KEYRING, world.clients[Audience.BANK].client_id)
    for audience in (Audience.BANK, Audience.COURT, Audience.PUBLIC_PORTAL, Audience.LITIGANT_PORTAL, Audience.AUDITOR):
        assert set(errors(world.ask(audience, MEASURES))) == {"INVALID_DOCUMENT"}
