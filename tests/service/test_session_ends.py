"""Sessions of staff: when they end and who says so, one at a time, and the second factor again before publishing."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from authenticator import Authenticator
from browser import path, returned
from chambers import YUYAO, Chambers
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from house import House
from world import ISSUER, KEYRING

from auth.openid.links import link_login, unlink_login
from auth.server.accounts import Account, Password, add_staff, remove_second_factor
from auth.server.token_client import ClientCredential
from auth.staff.second_factor import OwnFactor, enrol, make_secret, open_secret
from auth.staff.session_ends import end_sessions
from demo.clients import REDIRECT_URI
from demo.staff import Browser
from jobs.oversight import Oversight, Vigilance
from models.court import StaffRole
from models.issued_token import IssuedToken
from models.security_event import SecurityEvent
from models.staff_account import StaffAccount, StaffSession
from pages.court.explorer import ENDPOINT
from postgres import database

HTML = {"accept": "text/html", "accept-language": "zh-CN,zh;q=0.9"}
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
IDLE, AGE, OVER = ("已 30 分钟未操作", "登录已满 8 小时", "会话已结束，请重新登录")


@dataclass
class Desk:
    """The court's pages, at a clock, with an officer of the Centre who has a second factor, and one without."""

    chambers: Chambers
    guarded: Password
    plain: Password
    secret: bytes
    months: Iterator[int]

    @property
    def http(self) -> Any:
        """The browser."""
        return self.chambers.http

    def code(self) -> str:
        """What the authenticator application shows."""
        return TOTP(self.secret, 6, SHA1(), 30).generate(self.chambers.calendar().timestamp()).decode()  # noqa: S303

    def send(self, address: str, **form: str) -> Any:
        """Send a form of a page."""
        body = {"csrf": self.http.cookies.get("suxin-csrf") or "", **form}
        headers = {**HTML, "content-type": "application/x-www-form-urlencoded"}
        return self.http.post(address, content=urlencode(body), headers=headers, follow_redirects=False)

    def open(self, address: str = "/court") -> Any:
        """Open a page."""
        return self.http.get(address, headers=HTML, follow_redirects=False)

    def sign_in(self, who: Password | None = None) -> None:
        """Sign in at the desk, in a browser without cookies."""
        self.http.cookies.clear()
        self.open("/court/sign-in")
        who = who or self.plain
        self.chambers.calendar.turn(seconds=60)
        code = self.code() if who is self.guarded else ""
        sent = self.send("/court/sign-in", username=who.username, password=who.password, code=code)
        assert (sent.status_code, sent.headers["location"]) == (303, "/court")

    def told(self, act: str) -> Any:
        """The newest security event of an act."""
        with self.chambers.engine.connect() as connection:
            found = sa.select(SecurityEvent.__table__).where(SecurityEvent.act == act)
            return connection.execute(found.order_by(SecurityEvent.id.desc()).limit(1)).one()

    def count(self, table: Any = StaffSession) -> int:
        """The number of sessions."""
        with self.chambers.engine.connect() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)

    def authorize(self, **query: str) -> Any:
        """The answer to an authorization request of the court's client in this browser."""
        asked = {"response_type": "code", "client_id": self.chambers.front.client_id, "redirect_uri": REDIRECT_URI}
        asked |= {"code_challenge": "x" * 43, "code_challenge_method": "S256", **query}
        return self.http.get("/oauth/authorize", params=asked, follow_redirects=False)

    def token(self, who: Password) -> str:
        """A token by the session of this browser."""
        front = self.chambers.front
        credential = ClientCredential(ISSUER, front.client_id, dict(front.key))
        return Browser(self.http, credential).sign_in(who, self.chambers.calendar().timestamp())

    def open_month(self) -> str:
        """The id of a new batch without items, of a month that is over."""
        kept = dict(self.http.cookies)
        centre = self.chambers.officer(StaffRole.CENTRE)
        self.http.cookies.clear()
        self.http.cookies.update(kept)
        month = date(2025, next(self.months), 1).isoformat()
        return str(self.chambers.done(centre, "openBatch", "id", month=month)["id"])


def guard(chambers: Chambers, who: Password) -> bytes:
    """Give an officer a second factor; its secret."""
    with chambers.engine.begin() as connection:
        mine = sa.select(StaffAccount.staff_id).where(StaffAccount.username == who.username)
        key = connection.execute(mine).scalar_one()
        factor = OwnFactor(key, make_secret(KEYRING, key))
        enrol(connection, factor, 1, chambers.calendar())
    secret = open_secret(KEYRING, factor.sealed, key)
    assert secret
    return secret


@pytest.fixture(scope="module")
def desk(chambers: Chambers) -> Desk:
    with chambers.engine.begin() as connection:
        plain, guarded = (
            add_staff(connection, Account("某某", name, StaffRole.CENTRE, YUYAO)) for name in ("plain", "guarded")
        )
    return Desk(chambers, guarded, plain, guard(chambers, guarded), iter(range(1, 13)))


def read_ended(desk: Desk, sent: Any) -> str:
    """What the page for signing in says after a redirect to it."""
    assert sent.status_code == 303
    return str(desk.open(sent.headers["location"]).text)


# --- the end ----------------------------------------------------------------------------------------------------------


def test_a_session_ends_after_thirty_idle_minutes_and_that_is_recorded_once(desk: Desk) -> None:
    desk.sign_in()
    desk.chambers.calendar.turn(minutes=29, seconds=59)
    assert desk.open().status_code == 200
    desk.chambers.calendar.turn(minutes=30)
    cookie = desk.http.cookies["suxin-session"]
    sent = desk.open()
    assert IDLE in read_ended(desk, sent)
    told = desk.told("SESSION_ENDED")
    assert (told.operator, told.road, told.subject) == ("suxin", "SERVICE", "account plain")
    assert (told.before, told.after, told.result) == ({"sessions": 1}, {"why": "IDLE"}, "DONE")
    assert "suxin-session" not in desk.http.cookies
    desk.http.cookies["suxin-session"] = cookie
    assert OVER in read_ended(desk, desk.open("/court/cases"))
    assert desk.told("SESSION_ENDED").id == told.id


def test_a_session_in_use_ends_after_eight_hours(desk: Desk) -> None:
    desk.sign_in()
    for _ in range(19):
        desk.chambers.calendar.turn(minutes=25)
        assert desk.open().status_code == 200
    desk.chambers.calendar.turn(minutes=5)
    assert AGE in read_ended(desk, desk.open("/court/figures"))
    assert desk.told("SESSION_ENDED").after == {"why": "AGE"}


def test_a_session_that_was_idle_before_it_was_old_ended_by_idleness(desk: Desk) -> None:
    desk.sign_in()
    desk.chambers.calendar.turn(hours=9)
    assert IDLE in read_ended(desk, desk.open())
    assert desk.told("SESSION_ENDED").after == {"why": "IDLE"}


def test_forms_and_the_explorer_say_so_too(desk: Desk) -> None:
    desk.sign_in()
    desk.chambers.calendar.turn(minutes=31)
    assert IDLE in read_ended(desk, desk.send("/court", act="open-month", month="2025-12-01"))
    desk.sign_in()
    desk.chambers.calendar.turn(minutes=31)
    csrf = {"x-csrf-token": desk.http.cookies["suxin-csrf"]}
    answer = desk.http.post(ENDPOINT, json={"query": "{ __typename }"}, headers=csrf)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


def test_the_pages_of_the_account_and_of_sign_ins_say_why(desk: Desk) -> None:
    desk.sign_in()
    desk.chambers.calendar.turn(minutes=31)
    page = desk.open("/oauth/account")
    assert (page.status_code, "The session ended after 30 minutes without use." in page.text) == (401, True)
    assert "suxin-session" not in desk.http.cookies
    desk.sign_in()
    desk.chambers.calendar.turn(minutes=31)
    assert "已 30 分钟未操作" in desk.open("/court/sign-in").text


async def test_an_authorization_request_in_an_idle_session_asks_for_the_password(house: House) -> None:
    await house.sign_in(house.attempt())
    house.service.clock.now += 29 * 60
    assert (await house.http.get(path(house.attempt().query()))).status_code == 303
    house.service.clock.now += 30 * 60
    page = await house.http.get(path(house.attempt().query()))
    assert (page.status_code, "after 30 minutes without use" in page.text) == (200, True)


def test_the_sign_in_of_another_and_the_oversight_end_what_is_over(desk: Desk) -> None:
    desk.sign_in()
    desk.chambers.calendar.turn(minutes=31)
    desk.sign_in(desk.guarded)
    told = desk.told("SESSION_ENDED")
    assert (told.subject, told.operator, told.after, desk.count()) == ("account plain", "suxin", {"why": "IDLE"}, 1)
    desk.chambers.calendar.turn(minutes=31)
    asyncio.run(oversee(desk.chambers))
    told = desk.told("SESSION_ENDED")
    assert (told.subject, told.source != "testclient", desk.count()) == ("account guarded", True, 0)


async def oversee(chambers: Chambers) -> None:
    engine = database.make_async_engine(chambers.url, pool_size=1, statement_timeout=30)
    limits = Vigilance(one_in=0, misses=0)
    await Oversight(engine=engine, keyring=KEYRING, limits=limits, now=chambers.calendar).start_due()
    await engine.dispose()


def test_the_same_session_is_ended_once_by_two_who_find_it(desk: Desk) -> None:
    desk.sign_in()
    desk.chambers.calendar.turn(minutes=31)
    before = desk.told("SIGN_IN").id
    with desk.chambers.engine.connect() as one, desk.chambers.engine.connect() as other:
        one.execute(end_sessions(desk.chambers.calendar()))
        other.execute(end_sessions(desk.chambers.calendar()))
        other.commit()
        one.commit()
        ends = sa.select(sa.func.count()).where(SecurityEvent.id > before, SecurityEvent.act == "SESSION_ENDED")
        assert one.scalar(ends) == 1


@contextmanager
def updates(desk: Desk) -> Iterator[list[str]]:
    """The statements of the pages that change a session."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "UPDATE staff_session" in statement:
            seen.append(statement)

    engine = desk.chambers.app.state.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(engine, "before_cursor_execute", note)


def test_use_is_noted_once_a_minute(desk: Desk) -> None:
    desk.sign_in()
    with updates(desk) as seen:
        desk.open()
        desk.chambers.calendar.turn(seconds=59)
        desk.open()
        assert seen == []
        desk.chambers.calendar.turn(seconds=1)
        desk.open()
        desk.open()
        assert len(seen) == 1


# --- one at a time ----------------------------------------------------------------------------------------------------


async def test_by_default_an_officer_has_several_sessions(house: House) -> None:
    await house.sign_in(house.attempt())
    first = dict(house.http.cookies)
    house.http.cookies.clear()
    await house.sign_in(house.attempt())
    house.http.cookies.update(first)
    assert (await house.http.get(path(house.attempt().query()))).status_code == 303


async def test_where_one_at_a_time_is_allowed_a_sign_in_ends_the_others_with_codes_and_tokens(house: House) -> None:
    house.service.server.single_session = True
    attempt, other = house.attempt(), house.attempt()
    token = (await house.redeem(attempt, await house.code(attempt))).json()
    unused = returned(await house.http.get(path(other.query())))["code"]
    first = dict(house.http.cookies)
    house.http.cookies.clear()
    assert (await house.sign_in(house.attempt())).status_code == 303
    with house.service.engine.connect() as connection:
        ended = sa.select(SecurityEvent.subject, SecurityEvent.before, SecurityEvent.after)
        last = connection.execute(ended.where(SecurityEvent.act == "SESSION_ENDED").order_by(SecurityEvent.id.desc()))
        assert tuple(last.first() or ()) == (
            f"account {house.judge.username}", {"sessions": 1}, {"why": "NEW_SIGN_IN"},
        )  # fmt: skip
        alive = connection.scalar(sa.select(sa.func.count()).where(IssuedToken.revoked_at.is_(None)))
    assert (alive, "access_token" in token) == (0, True)
    assert (await house.redeem(other, unused)).json()["error"] == "invalid_grant"
    house.http.cookies.clear()
    house.http.cookies.update(first)
    page = await house.http.get(path(house.attempt().query()))
    assert (page.status_code, "The session has ended." in page.text) == (200, True)


# --- the second factor again ------------------------------------------------------------------------------------------


def publish(desk: Desk, token: str, batch: str) -> list[dict[str, Any]]:
    """Why a batch was not published."""
    done = desk.chambers.mutate(token, "publishBatch", "status", id=batch, reason="按月公布。")
    return list(done["errors"])


def test_publishing_by_the_api_needs_a_second_factor_of_the_last_five_minutes(desk: Desk) -> None:
    batch = desk.open_month()
    desk.sign_in(desk.guarded)
    desk.chambers.calendar.turn(seconds=291)
    (error,) = publish(desk, desk.token(desk.guarded), batch)
    assert (error["code"], "max_age=300" in error["hint"]) == ("SECOND_FACTOR_REQUIRED", True)
    assert desk.authorize(max_age="300").status_code == 200, "the page for signing in"
    assert desk.authorize(max_age="600").status_code == 303
    desk.sign_in(desk.guarded)
    assert desk.authorize(max_age="300").status_code == 303
    assert publish(desk, desk.token(desk.guarded), batch) == []


def test_the_proof_of_a_token_is_that_of_its_sign_in(desk: Desk) -> None:
    batch = desk.open_month()
    desk.sign_in(desk.guarded)
    token = desk.token(desk.guarded)
    desk.chambers.calendar.turn(seconds=280)
    assert publish(desk, token, batch) == [], "ten seconds before"


def test_who_has_no_second_factor_publishes_as_before(desk: Desk) -> None:
    batch = desk.open_month()
    desk.sign_in(desk.plain)
    desk.chambers.calendar.turn(minutes=10)
    assert publish(desk, desk.token(desk.plain), batch) == []


def test_who_signs_in_by_a_provider_gives_the_second_factor_there(desk: Desk) -> None:
    batch, chief = desk.open_month(), desk.chambers.staff[YUYAO, StaffRole.CENTRE, 0]
    with desk.chambers.engine.begin() as connection:
        link_login(connection, chief.username, "https://login.court.example", "7f3c91e2", desk.chambers.calendar())
    desk.sign_in(chief)
    (error,) = publish(desk, desk.token(chief), batch)
    assert error["code"] == "SECOND_FACTOR_REQUIRED", "a password does not do for a linked account"
    with desk.chambers.engine.begin() as connection:
        connection.execute(sa.update(StaffSession).values(proven_at=desk.chambers.calendar()))
    assert publish(desk, desk.token(chief), batch) == []
    with desk.chambers.engine.begin() as connection:
        unlink_login(connection, chief.username, desk.chambers.calendar())
    desk.chambers.tokens.clear()


def test_a_wrong_max_age_is_refused(desk: Desk) -> None:
    desk.sign_in()
    answer = desk.authorize(max_age="soon")
    assert "max_age+must+be+a+number+of+seconds" in answer.headers["location"]


def fields(page: Any) -> dict[str, str]:
    """The hidden fields of the form that asks for the second factor."""
    return {name: value for name, value in HIDDEN.findall(page.text) if name != "assertion"}


def test_the_desk_asks_for_the_second_factor_and_then_publishes(desk: Desk) -> None:
    batch = desk.open_month()
    desk.sign_in(desk.guarded)
    desk.chambers.calendar.turn(minutes=6)
    asked = {"act": "publish", "id": batch, "reason": "按月公布。", "key": "k-1"}
    page = desk.send("/court", **asked)
    assert (page.status_code, "SECOND_FACTOR_REQUIRED" in page.text) == (403, True)
    form = fields(page)
    assert {name: form[name] for name in asked} == asked
    wrong = desk.send("/court", **form | {"code": "000000"})
    assert (wrong.status_code, "验证码错误" in wrong.text) == (422, True)
    told = desk.told("SECOND_FACTOR_GIVEN")
    assert (told.operator, told.result, told.reason) == ("guarded", "REFUSED", "WRONG")
    done = desk.send("/court", **fields(wrong) | {"code": desk.code()})
    assert (done.status_code, done.headers["location"]) == (303, "/court?done=publish")
    told = desk.told("SECOND_FACTOR_GIVEN")
    assert (told.operator, told.result, told.subject) == ("guarded", "DONE", "account guarded")
    again = desk.send("/court", act="publish", id=desk.open_month(), reason="再公布。", key="k-2")
    assert again.status_code == 303, "the proof counts for five minutes"


def test_a_code_is_not_taken_twice_and_guesses_are_limited(desk: Desk) -> None:
    batch = desk.open_month()
    desk.sign_in(desk.guarded)
    used = desk.code()
    desk.http.cookies.clear()
    desk.sign_in(desk.guarded)
    asked = {"act": "publish", "id": batch, "reason": "按月公布。", "key": "k-3", "factor": "1"}
    assert desk.send("/court", **asked, code=used).status_code == 422
    for _ in range(5):
        desk.send("/court", **asked, code="000000")
    desk.chambers.calendar.turn(seconds=60)
    assert desk.send("/court", **asked, code=desk.code()).status_code == 422
    assert desk.told("SECOND_FACTOR_GIVEN").reason == "LOCKED"
    desk.chambers.calendar.turn(seconds=901)
    assert desk.send("/court", **asked, code=desk.code()).status_code == 303


def test_a_security_key_does_as_well_and_only_for_its_page(desk: Desk) -> None:
    batch = desk.open_month()
    desk.sign_in()
    key, page = Authenticator(ISSUER), desk.open("/oauth/account/security-keys")
    offered = json.loads(unescape(re.findall('data-create="([^"]+)"', page.text)[0]))
    form = {"name": "办公室", "password": desk.plain.password, "created": key.register(offered)}
    assert desk.send("/oauth/account/security-keys", **form).status_code == 200
    desk.chambers.calendar.turn(minutes=6)
    page = desk.send("/court", act="publish", id=batch, reason="按月公布。", key="k-6")
    asked = json.loads(unescape(re.findall('data-get="([^"]+)"', page.text)[0]))
    assert (page.status_code, "script-src 'self'" in page.headers["content-security-policy"]) == (403, True)
    desk.chambers.calendar.turn(minutes=11)
    assert desk.send("/court", **fields(page), assertion=key.sign(asked)).status_code == 422, "the page is too old"
    page = desk.send("/court", **fields(page), code="")
    asked = json.loads(unescape(re.findall('data-get="([^"]+)"', page.text)[0]))
    done = desk.send("/court", **fields(page), assertion=key.sign(asked))
    assert (done.status_code, desk.told("SECOND_FACTOR_GIVEN").result) == (303, "DONE")
    with desk.chambers.engine.begin() as connection:
        remove_second_factor(connection, desk.plain.username, desk.chambers.calendar())


def test_a_proof_in_one_session_counts_in_no_other(desk: Desk) -> None:
    desk.sign_in(desk.guarded)
    other = desk.http.cookies["suxin-session"]
    desk.chambers.calendar.turn(minutes=6)
    desk.sign_in(desk.guarded)
    asked = {"act": "publish", "id": desk.open_month(), "reason": "按月公布。", "key": "k-4"}
    desk.http.cookies.clear()
    desk.http.cookies["suxin-session"] = other
    desk.open()
    assert desk.send("/court", **asked).status_code == 403


def test_a_role_that_may_not_publish_is_told_so_after_the_factor(desk: Desk) -> None:
    judge = desk.chambers.staff[YUYAO, StaffRole.JUDGE, 1]
    secret = guard(desk.chambers, judge)
    asked = {"act": "publish", "id": desk.open_month(), "reason": "按月公布。", "key": "k-5"}
    desk.http.cookies.clear()
    desk.open("/court/sign-in")
    code = TOTP(secret, 6, SHA1(), 30).generate(desk.chambers.calendar().timestamp()).decode()  # noqa: S303
    desk.send("/court/sign-in", username=judge.username, password=judge.password, code=code)
    page = desk.send("/court", **asked)
    assert (page.status_code, "SECOND_FACTOR_REQUIRED" in page.text) == (409, False)
