"""Passwords that are too old: nobody goes on before a new one is chosen."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from browser import CSRF, path, returned
from chambers import YUYAO, Chambers
from house import House
from oauth_clients import ISSUER
from officers import PAGE
from starlette.testclient import TestClient

from auth.server.accounts import Account, Password, add_staff, renew_password
from auth.staff.entry_rules import EntryRules
from auth.staff.throttle import Throttle
from models.court import AdministratorRole, StaffRole
from models.staff_account import StaffAccount, StaffSession
from server import create_app

PASSWORD, FACTOR = "/oauth/account/password", "/oauth/account/second-factor"
CHOSEN, NEXT = "correct horse battery", "staple of another kind"
DUE = "This password has expired, or was given by an operator"
DAYS = 90
NUMBERS = count(1)


@pytest.fixture
def aging(house: House) -> House:
    """A house where passwords last 90 days."""
    house.service.server.entry = EntryRules(password_age=timedelta(days=DAYS))
    return house


async def change(house: House, present: str, new: str) -> str:
    """What the page says to a new password."""
    form = CSRF.search((await house.http.get(PASSWORD)).text)
    assert form
    sent = {"csrf": form.group(1), "password": present, "new": new, "again": new}
    return str((await house.http.post(PASSWORD, data=sent)).text)


async def where(house: House, password: str | None = None) -> str:
    """Where a sign-in in a browser without a session leads: the path of a page, or "code"."""
    house.http.cookies.clear()
    who = Password(house.judge.username, password) if password else house.judge
    location = (await house.sign_in(house.attempt(), who)).headers["location"]
    return "code" if "code=" in location else location


async def test_a_password_that_an_operator_gave_is_changed_first(aging: House) -> None:
    assert await where(aging) == PASSWORD
    again = await aging.http.get(path(aging.attempt().query()))
    assert (again.status_code, again.headers["location"]) == (303, PASSWORD), "the session gives no code either"
    assert DUE in (await aging.http.get(PASSWORD)).text
    assert "must differ from the present one" in await change(aging, aging.judge.password, aging.judge.password)
    assert "Password changed" in await change(aging, aging.judge.password, CHOSEN)
    assert "code" in returned(await aging.http.get(path(aging.attempt().query())))
    assert DUE not in (await aging.http.get(PASSWORD)).text


async def test_a_password_is_changed_after_its_days(aging: House) -> None:
    await where(aging)
    await change(aging, aging.judge.password, CHOSEN)
    aging.service.clock.now += DAYS * 86_400 - 1
    assert await where(aging, CHOSEN) == "code"
    aging.service.clock.now += 1
    again = await aging.http.get(path(aging.attempt().query()))
    assert again.headers["location"] == PASSWORD, "of a session that has begun before"
    assert await where(aging, CHOSEN) == PASSWORD
    await change(aging, CHOSEN, NEXT)
    assert await where(aging, NEXT) == "code"


async def test_a_new_one_of_an_operator_is_changed_again(aging: House) -> None:
    await where(aging)
    await change(aging, aging.judge.password, CHOSEN)
    with aging.service.engine.begin() as connection:
        throttle = Throttle(aging.service.server.keyring)
        given = renew_password(connection, aging.judge.username, aging.moment(), throttle)
    assert await where(aging, given.password) == PASSWORD


async def test_the_second_factor_comes_first(aging: House) -> None:
    aging.service.server.entry = replace(aging.service.server.entry, second_factor=True)
    assert await where(aging) == FACTOR


async def test_without_the_setting_a_password_stays(house: House) -> None:
    house.service.clock.now += 3_650 * 86_400
    assert await where(house) == "code"
    assert DUE not in (await house.http.get(PASSWORD)).text


# --- the court's pages ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """The pages of a court, where passwords last 90 days, with a judge and an administrator."""

    chambers: Chambers
    http: TestClient
    judge: Password
    administrator: Password

    def sign_in(self, who: Password, password: str = "") -> Any:
        """The answer to a sign-in at the desk."""
        self.http.cookies.clear()
        form = {"username": who.username, "password": password or who.password}
        return self.send("/court/sign-in", "/court/sign-in", form)

    def send(self, page: str, target: str, form: dict[str, str]) -> Any:
        """The answer to a form of a page."""
        csrf = CSRF.search(self.http.get(page, headers=PAGE).text)
        assert csrf
        return self.http.post(target, data={"csrf": csrf.group(1), **form}, headers=PAGE, follow_redirects=False)

    def csrf(self) -> dict[str, str]:
        """The header that the explorer sends."""
        return {"x-csrf-token": self.http.cookies["suxin-csrf"]}

    def open(self, page: str = "/court") -> Any:
        """A page, without following."""
        return self.http.get(page, headers=PAGE, follow_redirects=False)


@pytest.fixture
def desk(chambers: Chambers) -> Iterator[Desk]:
    number = next(NUMBERS)
    with chambers.engine.begin() as connection:
        judge = add_staff(connection, Account("某某", f"aged-judge-{number}", StaffRole.JUDGE, YUYAO))
        power = AdministratorRole.SYSTEM
        ruler = add_staff(connection, Account("某某", f"aged-system-{number}", power, YUYAO, f"no-aged-{number}"))
    app = create_app(replace(chambers.settings, password_days=DAYS), chambers.url, chambers.calendar)
    with TestClient(app, base_url=ISSUER) as http:
        yield Desk(chambers, http, judge, ruler)


def test_the_desk_and_the_pages_of_administrators_open_after_it(desk: Desk) -> None:
    assert desk.sign_in(desk.judge).headers["location"] == PASSWORD
    assert desk.open().headers["location"] == PASSWORD
    form = {"password": desk.judge.password, "new": CHOSEN, "again": CHOSEN}
    assert desk.send(PASSWORD, PASSWORD, form).status_code == 200
    assert desk.open().status_code == 200
    assert desk.sign_in(desk.judge, CHOSEN).headers["location"] == "/court"
    assert desk.sign_in(desk.administrator).headers["location"] == PASSWORD
    assert desk.open("/oauth/account/grants").headers["location"] == FACTOR
    with desk.chambers.engine.begin() as connection:
        mine = sa.select(StaffAccount.staff_id).where(StaffAccount.username == desk.administrator.username)
        key = connection.execute(mine).scalar_one()
        connection.execute(
            sa.update(StaffSession).where(StaffSession.staff_id == key).values(proven_at=desk.chambers.calendar())
        )
    assert desk.open("/oauth/account/grants").headers["location"] == PASSWORD, "with a second factor, the password"


def test_a_session_whose_password_becomes_old_is_led_to_the_page(desk: Desk) -> None:
    desk.sign_in(desk.judge)
    assert desk.open("/court/sign-in").headers["location"] == PASSWORD
    asked = desk.http.post("/court/graphql", json={"query": "{ __typename }"}, headers=desk.csrf())
    assert asked.status_code == 401
    assert "请先在账户页面修改密码" in asked.json()["errors"][0]["message"]
