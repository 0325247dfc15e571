"""Officers in a browser without a browser: signing in at the court's desk, and its forms."""

import re
from typing import Any
from urllib.parse import urlencode

from world import World

from auth.server.accounts import Account, Password, add_staff
from demo.city.cast import DEMO_COURT
from models.court import StaffRole

FORM = "application/x-www-form-urlencoded"
PAGE = {"accept": "text/html", "accept-language": "zh-CN,zh;q=0.9"}
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def add_officers(world: World) -> dict[StaffRole, Password]:
    """An account of each role at the demo court."""
    with world.engine.begin() as connection:
        return {
            role: add_staff(connection, Account("某某", f"p-{role.lower()}", role, DEMO_COURT)) for role in StaffRole
        }


def sign_in(world: World, who: Password) -> Any:
    """The answer to the form of the court's desk; the cookies stay."""
    page = world.http.get("/court/sign-in", headers=PAGE)
    form = {"csrf": CSRF.findall(page.text)[0], "username": who.username, "password": who.password}
    return send(world, "/court/sign-in", form)


def send(world: World, path: str, form: dict[str, str]) -> Any:
    headers = {**PAGE, "content-type": FORM}
    return world.http.post(path, headers=headers, content=urlencode(form), follow_redirects=False)
