"""Security keys as second factor of staff (WebAuthn): registered, asked for, removed; each refusal for its reason."""

import json
import logging
import re
from html import unescape
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from authenticator import Authenticator, read, write
from browser import CSRF, path, returned
from house import YUYAO, House
from oauth_clients import ISSUER

from auth.server.accounts import Account, Password, add_staff, remove_second_factor
from auth.staff.entry_rules import EntryRules
from auth.staff.security_keys import (
    MOST_KEYS,
    NOT_REGISTERED,
    OF_ANOTHER,
    TAKEN,
    USED_BEFORE,
    WRONG_CHALLENGE,
    SecurityKeys,
)
from models.court import StaffRole
from models.staff_account import RecoveryCode, SecurityKey

KEYS, ACCOUNT, PASSWORD = "/oauth/account/security-keys", "/oauth/account", "/oauth/account/password"
OFFERED, ASKED = re.compile(r'data-create="([^"]+)"'), re.compile(r'data-get="([^"]+)"')
CODE = re.compile(r"<code>([^<]+)</code>")


def found(pattern: re.Pattern[str], page: httpx2.Response) -> str:
    """What a page holds."""
    match = pattern.search(page.text)
    assert match, page.text
    return unescape(match.group(1))


async def registered(house: House, key: Authenticator, proof: Authenticator | None = None, **over: str) -> Any:
    """The answer to the registration of a key. proof: a key that is registered already."""
    page = await house.http.get(KEYS)
    form = {"csrf": found(CSRF, page), "name": "办公室", "password": house.judge.password}
    form["created"] = key.register(json.loads(found(OFFERED, page)))
    if proof:
        form["assertion"] = proof.sign(json.loads(found(ASKED, page)))
    return await house.http.post(KEYS, data=form | over)


async def keyed(house: House, **over: Any) -> tuple[Authenticator, list[str]]:
    """A registered key of the judge, and the recovery codes."""
    await house.sign_in(house.attempt())
    key = Authenticator(ISSUER, **over)
    done = await registered(house, key)
    assert done.status_code == 200, done.text
    return key, CODE.findall(done.text)


async def opened(house: House, who: Password | None = None) -> tuple[str, dict[str, str], dict[str, Any]]:
    """A page of sign-in: its address, its form, and what it asks of a key."""
    house.service.clock.now += 1
    address, who = path(house.attempt().query(prompt="login")), who or house.judge
    page = await house.http.get(address)
    form = {"csrf": found(CSRF, page), "username": who.username, "password": who.password}
    return address, form, json.loads(found(ASKED, page))


async def sign_in_with(house: House, key: Authenticator) -> int:
    """The status of a sign-in with a key."""
    address, form, asked = await opened(house)
    return (await house.http.post(address, data=form | {"assertion": key.sign(asked)})).status_code


@pytest.fixture
def reasons(caplog: pytest.LogCaptureFixture) -> Any:
    """Why keys were refused."""
    caplog.set_level(logging.WARNING, "suxin.oauth")
    begun = "a security key was refused: "
    return lambda: [one.getMessage().removeprefix(begun) for one in caplog.records if begun in one.getMessage()]


def kept(house: House) -> Any:
    """The only key that is stored."""
    with house.service.engine.connect() as connection:
        return connection.execute(sa.select(SecurityKey.__table__)).one()


@pytest.fixture(autouse=True)
def no_keys(house: House) -> None:
    """The database of the module has no keys of other tests."""
    with house.service.engine.begin() as connection:
        for row in (SecurityKey, RecoveryCode):
            connection.execute(sa.delete(row))


# --- accepted ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [True, False])
async def test_a_registered_key_is_asked_for_from_then_on(house: House, counts: bool) -> None:
    key, codes = await keyed(house, counts=counts)
    assert (len(codes), len(set(codes))) == (10, 10)
    address, form, _ = await opened(house)
    assert (await house.http.post(address, data=form)).status_code == 401, "the password alone is no longer enough"
    assert [await sign_in_with(house, key), await sign_in_with(house, key)] == [303, 303]
    assert kept(house).sign_count == (2 if counts else 0)
    address, form, _ = await opened(house)
    assert "code" in returned(await house.http.post(address, data=form | {"code": codes[0]}))


async def test_a_key_satisfies_where_a_second_factor_is_required(house: House) -> None:
    house.service.server.entry = EntryRules(second_factor=True)
    assert (await house.sign_in(house.attempt())).headers["location"] == "/oauth/account/second-factor"
    house.http.cookies.clear()
    key, _ = await keyed(house)
    address, form, asked = await opened(house)
    assert "code" in returned(await house.http.post(address, data=form | {"assertion": key.sign(asked)}))


async def test_what_is_asked_names_no_account(house: House) -> None:
    """Pages for everybody are alike, with keys and without; the account in a key is no number of it (R20)."""
    _, _, before = await opened(house)
    key, _ = await keyed(house)
    _, _, after = await opened(house)
    assert before.keys() == after.keys() == {"challenge", "rpId", "timeout", "userVerification"}
    assert (after["rpId"], before["challenge"] != after["challenge"]) == ("suxin.court.example", True)
    assert len(key.handle) == 32


async def test_the_script_is_a_file_and_nothing_else_runs(house: House) -> None:
    page = await house.http.get(path(house.attempt().query()))
    policy = page.headers["content-security-policy"].split("; ")
    assert ("script-src 'self'" in policy, "default-src 'none'" in policy) == (True, True)
    assert re.findall(r"<script[^>]*>", page.text) == ['<script src="/oauth/security-key.js" defer>']
    script = await house.http.get("/oauth/security-key.js")
    assert (script.status_code, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert script.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"innerHTML|eval|document\.write", script.text)
    assert "script-src" not in (await house.http.get("/oauth/sign-out")).headers["content-security-policy"]


async def test_a_second_key_is_registered_and_one_removed_with_a_key(house: House) -> None:
    first, codes = await keyed(house)
    second = Authenticator(ISSUER)
    refused = await registered(house, second)
    assert (refused.status_code, "The present password or code is wrong" in refused.text) == (422, True)
    house.service.clock.now += 1
    done = await registered(house, second, first, name="家中")
    assert (done.status_code, CODE.findall(done.text), "家中" in done.text) == (200, [], True), "the codes are kept"
    house.service.clock.now += 1
    page = await house.http.get(KEYS)
    form = {"csrf": found(CSRF, page), "password": house.judge.password, "remove": write(first.credential)}
    done = await house.http.post(KEYS, data=form | {"assertion": second.sign(json.loads(found(ASKED, page)))})
    assert (done.status_code, "办公室" in done.text, "家中" in done.text) == (200, False, True)
    assert [await sign_in_with(house, first), await sign_in_with(house, second)] == [401, 303]
    form = {"password": house.judge.password, "present": codes[0], "remove": write(second.credential)}
    done = await house.http.post(KEYS, data={"csrf": found(CSRF, await house.http.get(KEYS))} | form)
    assert done.status_code == 200
    assert (await house.sign_in(house.attempt(), prompt="login")).status_code == 303, "no factor is left"
    with house.service.engine.connect() as connection:
        assert connection.scalars(sa.select(RecoveryCode.staff_id)).all() == [], "nor a code"


async def test_a_key_and_one_time_passwords_are_beside_each_other(house: House) -> None:
    key, codes = await keyed(house)
    page = await house.http.get("/oauth/account/second-factor")
    assert 'name="present"' in page.text
    house.service.clock.now += 1
    password = await house.http.get(PASSWORD)
    form = {"csrf": found(CSRF, password), "password": house.judge.password, "new": "a-long-new-phrase"}
    form["assertion"] = key.sign(json.loads(found(ASKED, password)))
    assert (await house.http.post(PASSWORD, data=form | {"again": form["new"]})).status_code == 200
    house.judge = Password(house.judge.username, form["new"])
    assert await sign_in_with(house, key) == 303
    assert len(codes) == 10


async def test_the_operator_removes_lost_keys(house: House) -> None:
    await keyed(house)
    with house.service.engine.begin() as connection:
        remove_second_factor(connection, house.judge.username, house.moment())
    assert (await house.sign_in(house.attempt(), prompt="login")).status_code == 303


# --- refused at sign-in -----------------------------------------------------------------------------------------------


async def test_an_answer_from_another_site_is_refused(house: House, reasons: Any) -> None:
    key, _ = await keyed(house)
    key.origin = "https://suxin.court.example.evil.example"
    assert await sign_in_with(house, key) == 401
    assert f'Unexpected client data origin "{key.origin}"' in reasons()[0]


async def test_an_answer_for_another_site_s_name_is_refused(house: House, reasons: Any) -> None:
    key, _ = await keyed(house)
    address, form, asked = await opened(house)
    answer = key.sign(asked | {"rpId": "evil.example"})
    assert (await house.http.post(address, data=form | {"assertion": answer})).status_code == 401
    assert reasons() == ["'Unexpected RP ID hash'"]


async def test_a_challenge_must_be_of_this_page_and_time(house: House, reasons: Any) -> None:
    """Of the attacker's choice; of another browser; of a registration; old."""
    key, _ = await keyed(house)
    address, form, asked = await opened(house)
    offered = json.loads(found(OFFERED, await house.http.get(KEYS)))
    elsewhere = json.loads(SecurityKeys(house.service.server.keyring, ISSUER).ask("x" * 43, house.moment()))
    others = [write(b"x" * 56), elsewhere["challenge"], offered["challenge"], "", "AA"]
    for challenge in others:
        sent = form | {"assertion": key.sign(asked | {"challenge": challenge})}
        assert (await house.http.post(address, data=sent)).status_code == 401
    house.service.clock.now += 601
    assert (await house.http.post(address, data=form | {"assertion": key.sign(asked)})).status_code == 401
    assert reasons() == [repr(WRONG_CHALLENGE)] * 6


async def test_an_answer_is_good_once_and_no_earlier_one_after_it(house: House, reasons: Any) -> None:
    key, _ = await keyed(house, counts=False)
    earlier, (address, form, asked) = (await opened(house))[2], await opened(house)
    answers = [key.sign(one) for one in (asked, asked, earlier)]
    told = [(await house.http.post(address, data=form | {"assertion": one})).status_code for one in answers]
    assert told == [303, 401, 401]
    assert reasons() == [repr(USED_BEFORE)] * 2


async def test_a_counter_that_goes_back_is_refused(house: House, reasons: Any) -> None:
    """The key was copied: its copy is behind."""
    key, _ = await keyed(house)
    told = []
    for before, counts in ((7, True), (7, True), (5, True), (0, False), (8, True)):
        key.count, key.counts = before, counts
        told.append(await sign_in_with(house, key))
    assert told == [303, 401, 401, 401, 303], "8, 8, 6, none, 9"
    assert ["was not greater than current count of" in one for one in reasons()] == [True] * 3


async def test_a_key_of_somebody_else_is_refused(house: House, reasons: Any) -> None:
    key, _ = await keyed(house)
    with house.service.engine.begin() as connection:
        name = f"{house.client.client_id}.other"
        other = add_staff(connection, Account("李法官", name, StaffRole.JUDGE, YUYAO))
    judge, house.judge = house.judge, other
    house.http.cookies.clear()
    await keyed(house)
    address, form, asked = await opened(house)
    assert (await house.http.post(address, data=form | {"assertion": key.sign(asked)})).status_code == 401
    house.judge = judge
    key.handle = b"x" * 32
    assert await sign_in_with(house, key) == 401
    assert reasons() == [repr(NOT_REGISTERED), repr(OF_ANOTHER)]


async def test_a_wrong_signature_and_nobody_s_touch_are_refused(house: House, reasons: Any) -> None:
    key, _ = await keyed(house)
    stranger = Authenticator(ISSUER, credential=key.credential)
    assert await sign_in_with(house, stranger) == 401
    key.flags = 0
    assert await sign_in_with(house, key) == 401
    assert reasons() == [
        "'Could not verify authentication signature'",
        "'User was not present during authentication'",
    ]


@pytest.mark.parametrize("answer", ["{", "[" * 8_000, "7", "{}", "null", '{"id": "é"}'])
async def test_what_no_key_answers_is_refused(house: House, reasons: Any, answer: str) -> None:
    await keyed(house)
    address, form, _ = await opened(house)
    assert (await house.http.post(address, data=form | {"assertion": answer})).status_code == 401
    assert "cannot be read" in reasons()[0]


async def test_a_wrong_password_looks_like_a_wrong_key_and_uses_nothing_up(house: House) -> None:
    key, _ = await keyed(house)
    address, form, asked = await opened(house)
    answer, told = key.sign(asked), set()
    wrong = Authenticator(ISSUER).sign(asked)
    for over in ({"password": "wrong", "assertion": answer}, {"assertion": wrong}, {"username": "nobody"}):
        page = await house.http.post(address, data=form | over)
        told.add((page.status_code, ASKED.sub("", page.text)))
    assert len(told) == 1
    assert (await house.http.post(address, data=form | {"assertion": answer})).status_code == 303


# --- refused at registration ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"origin": "https://evil.example"}, 'Unexpected client data origin "https://evil.example"'),
        ({"flags": 0}, "User presence was required"),
    ],
)
async def test_a_registration_is_refused_with_its_reason(house: House, over: dict[str, Any], told: str) -> None:
    await house.sign_in(house.attempt())
    refused = await registered(house, Authenticator(**{"origin": ISSUER} | over))
    assert (refused.status_code, told in unescape(refused.text)) == (422, True)
    assert (await house.sign_in(house.attempt(), prompt="login")).status_code == 303, "nothing was registered"


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"password": "wrong"}, "The present password or code is wrong"),
        ({"name": " "}, "A name has 1 to 40 characters"),
        ({"name": "11010519491231002X"}, "A name has 1 to 40 characters"),
        ({"created": ""}, "cannot be read"),
        ({"created": '{"id": 7}'}, "cannot be read"),
    ],
)
async def test_a_form_that_registers_nothing_says_why(house: House, over: dict[str, str], told: str) -> None:
    await house.sign_in(house.attempt())
    refused = await registered(house, Authenticator(ISSUER), None, **over)
    assert (refused.status_code, told in unescape(refused.text)) == (422, True)


async def test_a_registration_is_bound_to_its_officer_and_page(house: House) -> None:
    key, _ = await keyed(house)
    _, _, asked = await opened(house)
    page = await house.http.get(KEYS)
    offered = json.loads(found(OFFERED, page))
    created = Authenticator(ISSUER).register(offered | {"challenge": asked["challenge"]})
    house.service.clock.now += 1
    refused = await registered(house, Authenticator(ISSUER), key, created=created)
    assert (refused.status_code, WRONG_CHALLENGE in unescape(refused.text)) == (422, True)


async def test_a_key_is_registered_once_and_an_account_has_ten(house: House) -> None:
    key, _ = await keyed(house)
    house.service.clock.now += 1
    page = await house.http.get(KEYS)
    assert [read(one["id"]) for one in json.loads(found(OFFERED, page))["excludeCredentials"]] == [key.credential]
    again = await registered(house, key, key)
    assert (again.status_code, TAKEN in unescape(again.text)) == (422, True)
    with house.service.engine.begin() as connection:
        row = dict(kept(house)._mapping)
        row.pop("id")
        many = [row | {"credential": bytes([number])} for number in range(MOST_KEYS - 1)]
        connection.execute(sa.insert(SecurityKey), many)
    house.service.clock.now += 1
    full = await registered(house, Authenticator(ISSUER), key)
    assert (full.status_code, "at most ten" in full.text) == (422, True)
