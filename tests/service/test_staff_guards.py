"""Guards of the sign-in of staff: limits by source, account and device, a bounded queue, an officer's own password, the
second factor, and sign-out by a form of this server only."""

import asyncio
import re
from base64 import b32decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from html import unescape
from typing import Any

import anyio
import httpx2
import pytest
import sqlalchemy as sa
from browser import CHALLENGE, CSRF, filled, path, returned
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from house import House
from oauth_clients import ISSUER
from starlette.applications import Starlette

from auth.server import accounts
from auth.server.accounts import AccountError, Password, check_new_password, remove_second_factor
from auth.server.endpoints import build_oauth_routes
from auth.staff.entry_rules import EntryRules
from auth.staff.password_queue import MOST_WAITING, PasswordQueue, QueueFullError
from auth.staff.throttle import MOST_OF_ACCOUNT, MOST_OF_SOURCE, count_source
from auth.tokens import TokenError, TokenVerifier
from models.court import StaffRole
from models.staff_account import RecoveryCode, SecondFactor, SignInFailure

PASSWORD, FACTOR, ACCOUNT, END = (
    "/oauth/account/password",
    "/oauth/account/second-factor",
    "/oauth/account",
    "/oauth/sign-out",
)
KEYS = "/oauth/account/security-keys"
CHOSEN = "a-long-new-phrase"
HIDDEN = re.compile(r'name="sealed" value="([^"]+)"')
CODE = re.compile(r"<code>([^<]+)</code>")


@asynccontextmanager
async def browser(house: House, source: str = "203.0.113.7") -> AsyncIterator[House]:
    """Another browser, at another address, in front of the same server."""
    application = Starlette(routes=build_oauth_routes(house.service.server, revoked=lambda key: None))
    transport = httpx2.ASGITransport(application, client=(source, 1))
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as http:
        yield House(type(house.service)(house.service.server, house.service.clock, http), house.client, house.judge)


def wrong(house: House) -> Password:
    """The judge with another password."""
    return Password(house.judge.username, "wrong")


async def fail(house: House, times: int, who: Password | None = None) -> list[int]:
    """The statuses of wrong sign-ins."""
    return [
        (await house.sign_in(house.attempt(), who or wrong(house), prompt="login")).status_code for _ in range(times)
    ]


async def send(house: House, page: str, **fields: str) -> httpx2.Response:
    """Open a page and send its form."""
    shown = await house.http.get(page)
    found = CSRF.search(shown.text)
    assert found, shown.text
    return await house.http.post(page, data={"csrf": found.group(1), **fields})


def counted(house: House) -> list[int]:
    """The failures that are counted."""
    with house.service.engine.connect() as connection:
        return sorted(connection.scalars(sa.select(SignInFailure.failures)))


@pytest.fixture(autouse=True)
def nothing_counted(house: House) -> None:
    """The database of the module has no failures of other tests."""
    with house.service.engine.begin() as connection:
        connection.execute(sa.delete(SignInFailure))


# --- strangers and known devices --------------------------------------------------------------------------------------


async def test_strangers_do_not_lock_a_known_device_out(house: House) -> None:
    assert (await house.sign_in(house.attempt())).status_code == 303
    async with browser(house) as stranger:
        assert await fail(stranger, MOST_OF_ACCOUNT + 1) == [401] * (MOST_OF_ACCOUNT + 1)
        assert (await stranger.sign_in(stranger.attempt())).status_code == 401, "locked for devices it does not know"
    assert (await house.sign_in(house.attempt(), prompt="login")).status_code == 303


async def test_a_known_device_is_limited_itself_and_limits_no_other(house: House) -> None:
    await house.sign_in(house.attempt())
    assert await fail(house, MOST_OF_ACCOUNT) == [401] * MOST_OF_ACCOUNT
    async with browser(house) as other:
        assert (await other.sign_in(other.attempt())).status_code == 303
    assert await fail(house, MOST_OF_ACCOUNT) == [401] * MOST_OF_ACCOUNT, "it is a stranger now"
    assert (await house.sign_in(house.attempt(), prompt="login")).status_code == 401


async def test_the_cookie_of_a_device_is_of_one_account_and_cannot_be_made(house: House) -> None:
    await house.sign_in(house.attempt())
    (name,) = [name for name in house.http.cookies if "device" in name]
    value = house.http.cookies[name]
    assert name.startswith("__Host-suxin-device-")
    assert house.judge.username not in name + value
    nonce, ends, signature = value.split(".")
    forged = [f"{nonce}.{int(ends) + 1}.{signature}", f"x.{ends}.{signature}", "", "..", f"{nonce}.{ends}.é"]
    async with browser(house) as stranger:
        await fail(stranger, MOST_OF_ACCOUNT)
        for text in forged:
            address = path(stranger.attempt().query())
            form = filled(await stranger.http.get(address), house.judge.username, house.judge.password)
            cookies = "; ".join(f"{key}={value}" for key, value in stranger.http.cookies.items())
            sent = {b"cookie": f"{cookies}; {name}={text}".encode("latin-1")}
            stranger.http.cookies.clear()
            assert (await stranger.http.post(address, data=form, headers=sent)).status_code == 401, text
    house.service.clock.now += 181 * 86_400
    async with browser(house) as stranger:
        await fail(stranger, MOST_OF_ACCOUNT)
    assert (await house.sign_in(house.attempt())).status_code == 401, "it is known for half a year"


async def test_an_unknown_account_is_locked_as_a_known_one(house: House) -> None:
    """The rows are of keyed hashes, and there are as many of them (R20)."""
    async with browser(house) as stranger:
        await fail(stranger, MOST_OF_ACCOUNT + 1, Password("nobody", "wrong"))
        unknown = counted(stranger)
        with house.service.engine.begin() as connection:
            connection.execute(sa.delete(SignInFailure))
        await fail(stranger, MOST_OF_ACCOUNT + 1)
        assert counted(stranger) == unknown == [MOST_OF_ACCOUNT + 1, MOST_OF_ACCOUNT + 1]


async def test_a_source_has_so_many_failures_whatever_the_account(house: House) -> None:
    async with browser(house) as stranger:
        told = [(await fail(stranger, 1, Password(f"user{number}", "wrong")))[0] for number in range(MOST_OF_SOURCE)]
        assert told == [401] * MOST_OF_SOURCE
        refused = await stranger.sign_in(stranger.attempt())
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "900")
        assert "Too many sign-ins failed from your network" in refused.text
    async with browser(house, "203.0.113.8") as neighbour:
        assert (await neighbour.sign_in(neighbour.attempt())).status_code == 303
    house.service.clock.now += 901
    async with browser(house) as stranger:
        assert (await stranger.sign_in(stranger.attempt())).status_code == 303


async def test_right_sign_ins_use_no_source_up(house: House) -> None:
    for _ in range(3):
        async with browser(house) as stranger:
            assert (await stranger.sign_in(stranger.attempt())).status_code == 303
    assert counted(house) == [0, 0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("a pipe", "", True),
    ],
)
def test_a_source_is_an_address_or_a_network_of_ipv6(one: str, other: str, same: bool) -> None:
    assert (count_source(one) == count_source(other)) is same


async def test_attempts_at_once_are_all_counted_by_source_and_account(house: House) -> None:
    async with browser(house) as stranger:
        address = path(stranger.attempt().query())
        form = filled(await stranger.http.get(address), house.judge.username, "wrong")
        told = await asyncio.gather(*(stranger.http.post(address, data=form) for _ in range(8)))
        assert {one.status_code for one in told} == {401}
        assert counted(house) == [MOST_OF_ACCOUNT + 1, 8]


async def test_known_and_unknown_do_the_same_work(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt verifies one hash and sends the same statements, with a second factor and without."""
    await enrolled(house)
    done: list[str] = []
    verify = accounts._verify

    def counted_verify(*given: str) -> bool:
        done.append("hash")
        return verify(*given)

    monkeypatch.setattr(accounts, "_verify", counted_verify)
    with house.service.engine.begin() as connection:
        other = accounts.add_staff(
            connection, accounts.Account("无", house.client.client_id + ".plain", StaffRole.JUDGE, "浙0281")
        )
    sa.event.listen(house.service.engine, "before_cursor_execute", lambda *given: done.append(given[2]))
    told = []
    for code in ("", "123456", "aaaaa-bbbbb-ccccc-ddddd"):
        for name in (house.judge.username, other.username, "nobody"):
            async with browser(house) as stranger:
                address = path(stranger.attempt().query())
                form = filled(await stranger.http.get(address), name, "wrong") | {"code": code}
                done.clear()
                assert (await stranger.http.post(address, data=form)).status_code == 401
                told.append((code, [text for text in done if "client" not in text]))
    for code in ("", "123456", "aaaaa-bbbbb-ccccc-ddddd"):
        works = [work for sent, work in told if sent == code]
        assert works[0] == works[1] == works[2]
        assert works[0].count("hash") == 1


# --- the queue --------------------------------------------------------------------------------------------------------


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back(house: House) -> None:
    """A writer of the counters holds the first attempt, so that the others wait."""
    async with browser(house) as stranger:
        address = path(stranger.attempt().query())
        form = filled(await stranger.http.get(address), "nobody", "wrong")
        with house.service.engine.begin() as holding:
            holding.execute(sa.text("LOCK TABLE sign_in_failure IN ACCESS EXCLUSIVE MODE"))
            sent = [asyncio.create_task(stranger.http.post(address, data=form)) for _ in range(MOST_WAITING + 4)]
            first, _ = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
            while len(first) < 3:
                first |= (await asyncio.wait(set(sent) - first, return_when=asyncio.FIRST_COMPLETED))[0]
            assert {task.result().status_code for task in first} == {503}
            assert {int(task.result().headers["retry-after"]) for task in first} == {4}
            assert len(first) == 3, "one is checked and sixteen wait"
        answers = [one.status_code for one in await asyncio.gather(*sent)]
    assert sorted(answers) == [401] * (MOST_WAITING + 1) + [503] * 3


async def test_strangers_fill_their_own_queue_only(house: House) -> None:
    """While strangers wait for theirs, a device that the account knows is checked."""
    await house.sign_in(house.attempt())
    attempt = house.attempt()
    address = path(attempt.query(prompt="login"))
    form = filled(await house.http.get(address), house.judge.username, house.judge.password)
    with house.service.engine.begin() as holding:
        holding.execute(sa.insert(SignInFailure).values(_row_of(house, "198.51.100.1")))
        strangers = await _strangers_waiting(house, form)
        known = await house.http.post(address, data=form)
        assert known.status_code == 303
        assert not any(task.done() for task in strangers)
    await asyncio.gather(*strangers)


def _row_of(house: House, source: str) -> dict[str, Any]:
    keyring, now = house.service.server.keyring, house.moment()
    return {"key": count_source(source).hash(keyring), "failures": 0, "expires_at": now}


async def _strangers_waiting(house: House, form: dict[str, str]) -> list[asyncio.Task[httpx2.Response]]:
    """Sign-ins of a source whose counter somebody holds, at the application of the house's own browser."""
    transport: Any = house.http._transport
    other = httpx2.ASGITransport(transport.app, client=("198.51.100.1", 1))
    http = httpx2.AsyncClient(transport=other, base_url=ISSUER)
    address = path(house.attempt().query())
    filled_in = filled(await http.get(address), form["username"], "wrong")
    sent = [asyncio.create_task(http.post(address, data=filled_in)) for _ in range(4)]
    while not _waits(house):  # noqa: ASYNC110
        await asyncio.sleep(0)
    return sent


def _waits(house: House) -> bool:
    """Whether somebody waits for a row."""
    with house.service.engine.connect() as connection:
        return bool(connection.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


async def test_the_queue_takes_the_next_when_one_is_done() -> None:
    queue, go = PasswordQueue(), anyio.Event()
    order: list[int] = []

    def check(number: int) -> int:
        anyio.from_thread.run(go.wait)
        order.append(number)
        return number

    first = [asyncio.create_task(queue.run(partial(check, number))) for number in range(MOST_WAITING + 1)]
    while queue.limiter.statistics().tasks_waiting < MOST_WAITING:  # noqa: ASYNC110
        await asyncio.sleep(0)
    with pytest.raises(QueueFullError):
        await queue.run(lambda: 0)
    go.set()
    assert await asyncio.gather(*first) == list(range(MOST_WAITING + 1)) == order
    assert await queue.run(lambda: 7) == 7


# --- the own password -------------------------------------------------------------------------------------------------


async def test_an_officer_changes_the_password(house: House, engine: Any) -> None:
    verifier = TokenVerifier(ISSUER, house.service.server.signing, engine, house.service.clock)
    attempt = house.attempt()
    token = (await house.redeem(attempt, await house.code(attempt))).json()["access_token"]
    page = await house.http.get(PASSWORD)
    assert ("当前密码" in page.text, "Current password" in page.text) == (True, True)
    done = await send(house, PASSWORD, password=house.judge.password, new=CHOSEN, again=CHOSEN)
    assert (done.status_code, "密码已修改" in done.text) == (200, True)
    with pytest.raises(TokenError):
        await verifier.verify(token)
    assert (await house.http.get(path(house.attempt().query()))).status_code == 303, "a new session has begun"
    async with browser(house) as other:
        assert (await other.sign_in(other.attempt())).status_code == 401
        assert (await other.sign_in(other.attempt(), Password(house.judge.username, CHOSEN))).status_code == 303


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"password": "wrong"}, "The present password or code is wrong"),
        ({"password": ""}, "The present password or code is wrong"),
        ({"again": CHOSEN + "x"}, "The new passwords differ"),
        ({"new": "short", "again": "short"}, "has 12 to 256 characters"),
        ({"new": "x" * 257, "again": "x" * 257}, "has 12 to 256 characters"),
        ({"new": "abcabcabcabc", "again": "abcabcabcabc"}, "at least five different characters"),
    ],
)
async def test_a_new_password_is_refused_with_its_reason(
    house: House,
    over: dict[str, str],
    told: str,
) -> None:
    await house.sign_in(house.attempt())
    form = {"password": house.judge.password, "new": CHOSEN, "again": CHOSEN} | over
    refused = await send(house, PASSWORD, **form)
    assert (refused.status_code, told in unescape(refused.text)) == (422, True)
    assert (await house.sign_in(house.attempt(), prompt="login")).status_code == 303, "the old one is kept"


@pytest.mark.parametrize("password", ["wang.judge-123", "WANG.JUDGE-123", "123-wang.judge", "ｗａｎｇ.judge12345"])
def test_a_password_is_no_variation_of_the_user_name(password: str) -> None:
    with pytest.raises(AccountError, match="does not consist of the user name"):
        check_new_password("wang.judge", password)
    check_new_password("wang.judge", f"{password}-and-much-more")


async def test_the_own_password_cannot_be_guessed_from_a_session(house: House) -> None:
    await house.sign_in(house.attempt())
    for _ in range(MOST_OF_ACCOUNT):
        assert (await send(house, PASSWORD, password="wrong", new=CHOSEN, again=CHOSEN)).status_code == 422
    right = {"password": house.judge.password, "new": CHOSEN, "again": CHOSEN}
    assert (await send(house, PASSWORD, **right)).status_code == 422
    house.service.clock.now += 901
    assert (await send(house, PASSWORD, **right)).status_code == 200


@pytest.mark.parametrize("page", [PASSWORD, FACTOR, ACCOUNT])
async def test_pages_of_an_account_are_for_who_is_signed_in(house: House, page: str) -> None:
    refused = await house.http.get(page)
    assert (refused.status_code, "Sign in first" in refused.text) == (401, True)


@pytest.mark.parametrize("page", [PASSWORD, FACTOR, END])
async def test_a_form_of_another_site_changes_nothing(house: House, page: str) -> None:
    await house.sign_in(house.attempt())
    for csrf in ({}, {"csrf": "x" * 43}):
        form = {"password": house.judge.password, "new": CHOSEN, "again": CHOSEN, "code": "123456", **csrf}
        assert (await house.http.post(page, data=form)).status_code == 403
    assert (await house.http.get(path(house.attempt().query()))).status_code == 303, "signed in as before"


# --- the second factor ------------------------------------------------------------------------------------------------


def code_of(house: House, secret: bytes, later: int = 0) -> str:
    """What an authenticator application shows."""
    return TOTP(secret, 6, SHA1(), 30).generate(house.service.clock.now + later).decode()  # noqa: S303


async def enrolled(house: House, **over: str) -> tuple[bytes, list[str]]:
    """The secret of a new second factor, and the recovery codes."""
    await house.sign_in(house.attempt())
    page = await house.http.get(FACTOR)
    secret, csrf, sealed = b32decode(CODE.findall(page.text)[0]), CSRF.search(page.text), HIDDEN.search(page.text)
    assert csrf
    assert sealed
    form = {"csrf": csrf.group(1), "sealed": sealed.group(1), "password": house.judge.password}
    done = await house.http.post(FACTOR, data=form | {"code": code_of(house, secret)} | over)
    assert done.status_code == 200, done.text
    house.service.clock.now += 60
    return secret, CODE.findall(done.text)


async def sign_in_with(house: House, code: str) -> int:
    """The status of a sign-in with a code."""
    address = path(house.attempt().query(prompt="login"))
    form = filled(await house.http.get(address), house.judge.username, house.judge.password)
    return (await house.http.post(address, data=form | {"code": code})).status_code


async def test_a_second_factor_is_asked_for_from_then_on(house: House) -> None:
    secret, codes = await enrolled(house)
    assert (len(codes), len(set(codes))) == (10, 10)
    assert await sign_in_with(house, "") == 401
    assert await sign_in_with(house, "000000") == 401
    assert await sign_in_with(house, code_of(house, secret)) == 303


async def test_where_a_second_factor_is_required_nobody_goes_on_without_one(house: House) -> None:
    house.service.server.entry = EntryRules(second_factor=True)
    sent = await house.sign_in(house.attempt())
    assert (sent.status_code, sent.headers["location"]) == (303, FACTOR)
    again = await house.http.get(path(house.attempt().query()))
    assert (again.status_code, again.headers["location"]) == (303, FACTOR), "the session gives no code either"
    house.http.cookies.clear()
    secret, _ = await enrolled(house)
    assert await sign_in_with(house, "") == 401
    address = path(house.attempt().query(prompt="login"))
    form = filled(await house.http.get(address), house.judge.username, house.judge.password)
    done = await house.http.post(address, data=form | {"code": code_of(house, secret)})
    assert "code" in returned(done)


async def test_a_wrong_password_looks_like_a_wrong_code(house: House) -> None:
    secret, _ = await enrolled(house)
    pages = set()
    for password, code in ((house.judge.password, "000000"), ("wrong", code_of(house, secret)), ("wrong", "")):
        address = path(house.attempt().query(prompt="login"))
        form = filled(await house.http.get(address), house.judge.username, password) | {"code": code}
        pages.add(CHALLENGE.sub("", (await house.http.post(address, data=form)).text))
    assert len(pages) == 1
    assert await sign_in_with(house, code_of(house, secret)) == 303, "a wrong password uses no code up"


async def test_the_code_that_set_a_factor_up_signs_nobody_in(house: House) -> None:
    secret, _ = await enrolled(house)
    used = code_of(house, secret, -60)
    house.service.clock.now -= 60
    assert await sign_in_with(house, used) == 401


async def test_a_code_is_good_once_and_no_earlier_one_after_it(house: House) -> None:
    secret, _ = await enrolled(house)
    before, now, after = (code_of(house, secret, later) for later in (-30, 0, 30))
    assert await sign_in_with(house, now) == 303
    assert [await sign_in_with(house, code) for code in (now, before)] == [401, 401]
    assert await sign_in_with(house, after) == 303


@pytest.mark.parametrize(("later", "status"), [(-60, 401), (-30, 303), (30, 303), (60, 401)])
async def test_a_clock_may_be_wrong_by_one_step(house: House, later: int, status: int) -> None:
    secret, _ = await enrolled(house)
    house.service.clock.now += 600
    assert await sign_in_with(house, code_of(house, secret, later)) == status


async def test_codes_are_read_as_they_are_typed(house: House) -> None:
    secret, codes = await enrolled(house)
    code = code_of(house, secret)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    assert await sign_in_with(house, f" {wide[:3]} {wide[3:]} ") == 303
    assert await sign_in_with(house, codes[0].upper().replace("-", " ")) == 303


async def test_a_recovery_code_is_good_once(house: House) -> None:
    _, codes = await enrolled(house)
    assert [await sign_in_with(house, code) for code in (codes[3], codes[3], codes[4])] == [303, 401, 303]
    with house.service.engine.connect() as connection:
        kept = [bytes(one) for one in connection.scalars(sa.select(RecoveryCode.code_hash))]
    assert not {code.replace("-", "").encode() for code in codes} & set(kept)


async def test_a_recovery_code_used_twice_at_once_is_good_once(house: House) -> None:
    _, codes = await enrolled(house)
    assert sorted(await asyncio.gather(*(sign_in_with(house, codes[0]) for _ in range(2)))) == [303, 401]


async def test_the_secret_is_sealed_for_its_officer(house: House) -> None:
    secret, _ = await enrolled(house)
    with house.service.engine.connect() as connection:
        stored = [bytes(one) for one in connection.scalars(sa.select(SecondFactor.secret))]
    assert not [one for one in stored if secret in one]


async def test_a_factor_is_replaced_with_the_present_one_only(house: House) -> None:
    secret, codes = await enrolled(house)
    page = await house.http.get(FACTOR)
    new, sealed = b32decode(CODE.findall(page.text)[0]), HIDDEN.search(page.text)
    assert sealed
    form = {"sealed": sealed.group(1), "password": house.judge.password, "code": code_of(house, new)}
    for present in ("", "000000"):
        refused = await send(house, FACTOR, **form, present=present)
        assert (refused.status_code, "The present password or code is wrong" in refused.text) == (422, True)
    assert (await send(house, FACTOR, **form, present=codes[0])).status_code == 200
    house.service.clock.now += 60
    assert [await sign_in_with(house, code) for code in (code_of(house, secret), codes[1])] == [401, 401]
    assert await sign_in_with(house, code_of(house, new)) == 303


async def test_a_password_is_changed_with_the_second_factor(house: House) -> None:
    secret, _ = await enrolled(house)
    assert 'name="present"' in (await house.http.get(PASSWORD)).text
    form = {"password": house.judge.password, "new": CHOSEN, "again": CHOSEN}
    assert [(await send(house, PASSWORD, **form, present=one)).status_code for one in ("", "000000")] == [422, 422]
    assert (await send(house, PASSWORD, **form, present=code_of(house, secret))).status_code == 200
    house.service.clock.now += 30
    house.judge = Password(house.judge.username, CHOSEN)
    assert [await sign_in_with(house, code) for code in ("", code_of(house, secret))] == [401, 303]


@pytest.mark.parametrize("over", [{"code": "000000"}, {"sealed": ""}, {"sealed": "AQE="}, {"sealed": "é"}])
async def test_a_factor_that_is_not_proven_is_not_set_up(house: House, over: dict[str, str]) -> None:
    await house.sign_in(house.attempt())
    page = await house.http.get(FACTOR)
    secret, sealed = b32decode(CODE.findall(page.text)[0]), HIDDEN.search(page.text)
    assert sealed
    form = {"sealed": sealed.group(1), "password": house.judge.password, "code": code_of(house, secret)} | over
    refused = await send(house, FACTOR, **form)
    assert (refused.status_code, "The new code is wrong" in refused.text) == (422, True)
    assert await sign_in_with(house, "") == 303


async def test_the_operator_removes_a_lost_factor(house: House) -> None:
    await enrolled(house)
    with house.service.engine.begin() as connection:
        remove_second_factor(connection, house.judge.username, house.moment())
        with pytest.raises(AccountError, match="has no second factor"):
            remove_second_factor(connection, house.judge.username, house.moment())
    assert (await house.http.get(path(house.attempt().query()))).status_code == 200, "signed out"
    assert await sign_in_with(house, "") == 303


async def test_the_page_of_an_account_leads_to_its_own(house: House) -> None:
    await house.sign_in(house.attempt())
    page = await house.http.get(ACCOUNT)
    assert [one for one in (PASSWORD, FACTOR, KEYS, END) if f'href="{one}"' not in page.text] == []
    assert "img-src data:" in page.headers["content-security-policy"]


async def test_signing_out_takes_a_form_of_this_server(house: House) -> None:
    await house.sign_in(house.attempt())
    done = await send(house, END)
    assert (done.status_code, "Signed out" in done.text) == (200, True)
    assert (await house.http.get(path(house.attempt().query()))).status_code == 200
