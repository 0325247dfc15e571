"""Security events by web and API: sign-ins and acts of administration, with their operator (GB/T 22239, 8.1.4.3)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from browser import filled, path
from house import House
from oauth_clients import Service, SigningClient
from starlette.routing import Route
from world import World

from auth.administration.security_events import Happening, record
from auth.audiences import Audience
from auth.clients.registry import disable_client
from models.security_event import SecurityAct, SecurityEvent

Told = list[tuple[Any, ...]]
TOLD = ("act", "result", "road", "operator", "source", "subject", "reason")


@pytest.fixture
def events(service: Service) -> Callable[[], Told]:
    """What is recorded from here on."""
    with service.engine.connect() as connection:
        last = connection.scalar(sa.select(sa.func.coalesce(sa.func.max(SecurityEvent.id), 0))) or 0

    def read() -> Told:
        columns = [getattr(SecurityEvent, name) for name in TOLD]
        newer = sa.select(*columns).where(SecurityEvent.id > last).order_by(SecurityEvent.id)
        with service.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(newer)]

    return read


async def test_who_signs_in_and_out_is_recorded(house: House, events: Callable[[], Told]) -> None:
    judge = house.judge.username
    await house.sign_in(house.attempt())
    page = await house.http.get("/oauth/sign-out")
    await house.http.post("/oauth/sign-out", data={"csrf": filled(page, "", "")["csrf"]})
    assert events()[-2:] == [
        ("SIGN_IN", "DONE", "WEB", judge, "127.0.0.1", f"account {judge}", None),
        ("SIGN_OUT", "DONE", "WEB", judge, "127.0.0.1", f"account {judge}", None),
    ]


async def test_refused_sign_ins_are_recorded_until_the_account_is_locked(
    house: House, events: Callable[[], Told]
) -> None:
    judge, query = house.judge.username, path(house.attempt().query())
    page = await house.http.get(query)
    for _ in range(7):
        answer = await house.http.post(query, data=filled(page, judge, "wrong"))
        assert answer.status_code == 401
    refused = ("SIGN_IN", "REFUSED", "WEB", None, "127.0.0.1", f"account {judge}", "WRONG")
    locked = ("ACCOUNT_LOCKED", "DONE", "WEB", None, "127.0.0.1", f"account {judge}", None)
    assert [one for one in events() if one[5] == f"account {judge}"] == [refused] * 5 + [locked]


async def test_what_strangers_type_for_a_user_name_is_not_kept(house: House, events: Callable[[], Told]) -> None:
    query = path(house.attempt().query())
    page = await house.http.get(query)
    await house.http.post(query, data=filled(page, "my password by mistake", "wrong"))
    assert events()[-1] == ("SIGN_IN", "REFUSED", "WEB", None, "127.0.0.1", None, "WRONG")


async def test_a_changed_password_is_recorded_and_so_is_a_refused_change(
    house: House, events: Callable[[], Told]
) -> None:
    await house.sign_in(house.attempt())
    judge, page = house.judge.username, await house.http.get("/oauth/account/password")
    form = {"csrf": filled(page, "", "")["csrf"], "new": "a long new passphrase", "again": "a long new passphrase"}
    assert (await house.http.post("/oauth/account/password", data={**form, "password": "wrong"})).status_code == 422
    right = await house.http.post("/oauth/account/password", data={**form, "password": house.judge.password})
    assert right.status_code == 200
    of_judge = (judge, "127.0.0.1", f"account {judge}")
    assert events()[-3:] == [
        ("PASSWORD_CHANGED", "REFUSED", "WEB", *of_judge, "WRONG"),
        ("PASSWORD_CHANGED", "DONE", "WEB", *of_judge, None),
        ("SESSION_ENDED", "DONE", "WEB", None, "127.0.0.1", f"account {judge}", None),
    ]


async def test_a_client_that_replaces_its_keys_is_recorded(
    service: Service, bank: SigningClient, events: Callable[[], Told]
) -> None:
    keys = json.dumps({"keys": [bank.key.as_dict(private=False)]})
    answer = await service.ask(bank.form(service.clock) | {"jwks": keys}, "/oauth/keys")
    assert answer.status_code == 200, answer.text
    name = bank.client_id
    assert events() == [("CLIENT_KEYS_CHANGED", "DONE", "API", name, "127.0.0.1", f"client {name}", None)]


def test_what_operators_do_is_told_with_before_and_after_and_no_secret(service: Service) -> None:
    name, secret = service.register_pilot()
    mine = sa.select(SecurityEvent.__table__).where(SecurityEvent.subject == f"client {name}")
    with service.engine.begin() as connection:
        disable_client(connection, name, now=datetime.fromtimestamp(service.clock.now, UTC))
        added, tokens, disabled = connection.execute(mine.order_by(SecurityEvent.id)).all()
    assert [one.act for one in (added, tokens, disabled)] == ["CLIENT_ADDED", "CLIENT_TOKENS_ENDED", "CLIENT_DISABLED"]
    assert (added.before, added.after["scopes"]) == (None, ["catalogue.read", "organization.read"])
    assert (disabled.before, list(disabled.after)) == ({"disabled_at": None}, ["disabled_at"])
    assert secret not in repr([added, tokens, disabled])


# --- who reads them ---------------------------------------------------------------------------------------------------

ASKED = """query($after: String, $filter: SecurityEventFilter) {
  securityEvents(first: 1, after: $after, filter: $filter) {
    nodes { act result road operator source subject before after reason }
    pageInfo { endCursor hasNextPage } } }"""


def test_auditors_read_them_page_by_page_and_nobody_else_does(world: World) -> None:
    with world.engine.begin() as connection:
        for name in ("a court", "another court"):
            record(connection, Happening(SecurityAct.COURT_CHANGED, name, {"mask": False}, {"mask": True}))
    chosen = {"act": "COURT_CHANGED", "result": "DONE", "operator": "suxin"}
    first = world.data(Audience.AUDITOR, ASKED, {"filter": chosen})["securityEvents"]
    (newest,) = first["nodes"]
    assert (newest["subject"], newest["road"], newest["after"]) == ("another court", "SERVICE", '{"mask": true}')
    after = first["pageInfo"]["endCursor"]
    second = world.data(Audience.AUDITOR, ASKED, {"filter": chosen, "after": after})["securityEvents"]
    assert [node["subject"] for node in second["nodes"]] == ["a court"]
    assert (
        world.data(Audience.AUDITOR, ASKED, {"filter": {"since": "2100-01-01T00:00:00Z"}})["securityEvents"]["nodes"]
        == []
    )
    for audience in set(Audience) - {Audience.AUDITOR}:
        (error,) = world.ask(audience, "{ securityEvents(first: 1) { nodes { act } } }")["errors"]
        assert error["extensions"]["code"] == "INVALID_DOCUMENT", audience


# --- no act of a page is left out -------------------------------------------------------------------------------------

ACTS_OF_PAGES: dict[str, set[SecurityAct] | str] = {
    "/oauth/authorize": {SecurityAct.SIGN_IN, SecurityAct.ACCOUNT_LOCKED},
    "/court/sign-in": {SecurityAct.SIGN_IN, SecurityAct.ACCOUNT_LOCKED},
    "/oauth/sign-out": {SecurityAct.SIGN_OUT},
    "/oauth/account/password": {SecurityAct.PASSWORD_CHANGED, SecurityAct.SESSION_ENDED},
    "/oauth/account/second-factor": {SecurityAct.SECOND_FACTOR_ADDED, SecurityAct.SESSION_ENDED},
    "/oauth/account/security-keys": {SecurityAct.SECOND_FACTOR_ADDED, SecurityAct.SECOND_FACTOR_REMOVED},
    "/oauth/account/grants": {
        SecurityAct.GRANT_PROPOSED,
        SecurityAct.GRANT_APPROVED,
        SecurityAct.GRANT_REFUSED,
        SecurityAct.ACCESS_REFUSED,
    },
    "/oauth/keys": {SecurityAct.CLIENT_KEYS_CHANGED},
    "/developers/enter": {SecurityAct.DEVELOPER_SIGN_IN},
    "/developers/leave": {SecurityAct.DEVELOPER_SIGN_OUT},
    "/developers/account/webhooks": {SecurityAct.CLIENT_CHANGED},
}
"""The events of forms and requests that administer."""

NO_ADMINISTRATION = {
    "/oauth/token", "/oauth/par", "/oauth/revoke", "/oauth/introspect", "/developers/sign-in", "/graphql", "/uploads",
    "/log/cosignatures",
}  # fmt: skip
"""What clients ask: the request log and the access log tell it. Acts of officers and litigants stand in the histories
of the procedure."""


def test_every_form_that_administers_has_its_events(world: World) -> None:
    posts = {route.path for route in world.app.routes if isinstance(route, Route) and "POST" in (route.methods or ())}
    of_procedure = {one for one in posts if one.startswith(("/court", "/me", "/look", "/reports", "/sandbox"))}
    assert posts - of_procedure - NO_ADMINISTRATION == ACTS_OF_PAGES.keys() - {"/court/sign-in"}
