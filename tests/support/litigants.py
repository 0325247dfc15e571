"""Litigants who come to their own pages: what a portal sends with them, and the forms that they fill."""

import html
import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from world import ISSUER, NOW, World

from auth.audiences import Audience
from auth.server.token_client import ClientCredential, User, sign_subject_token
from demo.city.cast import Subject

FORM = "application/x-www-form-urlencoded"
PAGE = {"accept": "text/html", "accept-language": "zh-CN,zh;q=0.9"}
FORMS = re.compile(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
HIDDEN = re.compile(r'type="hidden" name="([\w-]+)" value="([^"]*)"')


def make_ticket(world: World, subject: Subject, audience: Audience = Audience.LITIGANT_PORTAL) -> dict[str, str]:
    """What the portal has the browser send: its identifier and a token for its user."""
    client = world.clients[audience]
    credential = ClientCredential(ISSUER, client.client_id, dict(client.key))
    user = User(f"user-{subject.key}", subject.name, subject.number)
    return {
        "client_id": client.client_id,
        "subject_token": sign_subject_token(credential, user, NOW.timestamp()),
    }


def send(world: World, path: str, form: Mapping[str, str], **headers: str) -> Any:
    """The answer to a form, without following where it leads."""
    sent = {**PAGE, "content-type": FORM, **headers}
    return world.http.post(path, headers=sent, content=urlencode(form), follow_redirects=False)


def enter(world: World, subject: Subject) -> str:
    """The first page of a litigant who was handed over; the cookie stays."""
    assert send(world, "/me/enter", make_ticket(world, subject)).status_code == 303
    return str(world.http.get("/me", headers=PAGE).text)


def find_form(page: str, act: str, **having: str) -> dict[str, str]:
    """The hidden fields of the form with a button, and with these fields."""
    for _, inner in FORMS.findall(page):
        fields = {name: html.unescape(value) for name, value in HIDDEN.findall(inner)}
        if f'value="{act}"' in inner and having.items() <= fields.items():
            return {**fields, "act": act, "key": secrets.token_hex(8)}
    raise LookupError(act)
