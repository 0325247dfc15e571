"""/developers/account: who gets in by a client's token, what is shown of the client, and what is done there."""

import asyncio
import html
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey
from litigants import PAGE, find_form, send
from world import ISSUER, NOW, World

from auth.audiences import Audience
from auth.clients.key_sets import KeySets
from auth.clients.registry import disable_client, enable_client, end_issued, set_profile, set_scopes
from auth.clients.trusted_documents import add_documents
from auth.scopes import Scope
from models.client import ClientProfile
from suxin_client import Client, Profile, RefusedError

ACCOUNT, HOOKS, DOCUMENTS = "/developers/account", "/developers/account/webhooks", "/developers/account/documents"
BANK = Audience.BANK
ENGLISH = {**PAGE, "accept-language": "en"}
ABSENT = "本站没有开发者账户"
pytestmark = pytest.mark.usefixtures("signed_out")


def program(world: World, audience: Audience = BANK, **more: Any) -> Client:
    """The client's program."""
    client = world.clients[audience]
    profile = Profile(ISSUER, client.client_id, dict(client.key), more.pop("proof_key", None))
    return Client(profile, NOW.timestamp, http=world.http, **more)


def secret_of(link: str) -> str:
    address = urlsplit(link)
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{ISSUER}/developers/enter"
    (secret,) = parse_qs(address.query)["link"]
    return secret


def enter(world: World, link: str, **headers: str) -> Any:
    return send(world, "/developers/enter", {"link": secret_of(link)}, **headers)


def sign_in(world: World, audience: Audience = BANK, **more: Any) -> str:
    """The first page of a client's developer; the cookie stays."""
    assert enter(world, program(world, audience, **more).ask_for_link()).status_code == 303
    return str(world.http.get(ACCOUNT, headers=PAGE).text)


@pytest.fixture
def restored(world: World) -> Iterator[None]:
    """What a test does to the bank's registration is undone."""
    columns = "scopes = :scopes, profile = :profile, disabled_at = NULL, jwks_uri = NULL"
    asked = sa.text("SELECT scopes, profile FROM client WHERE client_id = :id")
    named = {"id": world.clients[BANK].client_id}
    with world.engine.connect() as connection:
        before = connection.execute(asked, named).mappings().one()
    yield
    with world.engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE client SET {columns} WHERE client_id = :id"), {**named, **before})  # noqa: S608
    world.tokens.clear()


# --- the door ---------------------------------------------------------------------------------------------------------


def test_a_link_is_looked_at_often_and_opened_once(world: World) -> None:
    link = program(world).ask_for_link()
    for _ in range(2):  # as previews of links do
        page = world.http.get(link.removeprefix(ISSUER), headers=PAGE)
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
        assert world.clients[BANK].client_id in page.text
        assert page.headers["set-cookie"].startswith("suxin-developers-link=")  # no session
    assert ABSENT in world.http.get(ACCOUNT, headers=PAGE).text
    entered = enter(world, link)
    assert (entered.status_code, entered.headers["location"]) == (303, ACCOUNT)
    for attribute in ("HttpOnly", "SameSite=lax", "Max-Age=1800", "Path=/"):
        assert attribute in entered.headers["set-cookie"]
    assert secret_of(link) not in entered.headers["set-cookie"]
    world.http.cookies.clear()
    for answer in (enter(world, link), world.http.get(link.removeprefix(ISSUER), headers=PAGE)):
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        assert "链接无效、已过期或已使用" in answer.text


@pytest.mark.parametrize("link", ["", "x", "a\x00b", "诉信", "x" * 4000])
def test_a_link_that_is_none_opens_nothing(world: World, link: str) -> None:
    answers = [
        world.http.get("/developers/enter", params={"link": link}, headers=PAGE),
        send(world, "/developers/enter", {"link": link}),
    ]
    assert [answer.status_code for answer in answers] == [400 if "\0" in link else 403, 403]
    assert ["set-cookie" in answer.headers for answer in answers] == [False, False]


def test_a_link_is_over_after_a_minute_and_a_session_after_thirty(world: World) -> None:
    link = program(world).ask_for_link()
    move = sa.text("UPDATE developer_session SET expires_at = expires_at - make_interval(secs => :by)")
    with world.engine.begin() as connection:
        ends = connection.scalar(sa.text("SELECT max(expires_at) FROM developer_session WHERE opened_at IS NULL"))
        assert ends == NOW + timedelta(seconds=60)
        connection.execute(move, {"by": 60})
    assert enter(world, link).status_code == 403
    assert ABSENT not in sign_in(world)
    with world.engine.begin() as connection:
        connection.execute(sa.text("UPDATE developer_session SET opened_at = opened_at - interval '1 hour'"))
        connection.execute(move, {"by": 1800})
    assert ABSENT in world.http.get(ACCOUNT, headers=PAGE).text


def test_a_session_cannot_be_fixed_and_nothing_of_it_is_stored_in_clear(world: World) -> None:
    world.http.cookies.set("suxin-developers", "fixed-beforehand")
    link = program(world).ask_for_link()
    entered = enter(world, link)
    (secret,) = re.findall("suxin-developers=([^;]+)", entered.headers["set-cookie"])
    assert secret not in {"fixed-beforehand", secret_of(link)}
    with world.engine.begin() as connection:
        rows = connection.execute(sa.text("SELECT s::text FROM developer_session s")).scalars().all()
    assert [row for row in rows if secret in row or secret_of(link) in row] == []
    world.http.cookies.clear()
    world.http.cookies.set("suxin-developers", secret_of(link))  # the link's own secret opens no page
    assert ABSENT in world.http.get(ACCOUNT, headers=PAGE).text


def test_the_form_of_another_site_signs_nobody_in(world: World) -> None:
    """Else a developer would send its webhooks to another's client."""
    link = program(world).ask_for_link()
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {"origin": "null"}):
        answer = enter(world, link, **headers)
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
        assert "请重试" in answer.text
    assert enter(world, link, origin=ISSUER, **{"sec-fetch-site": "same-origin"}).status_code == 303


def test_only_a_token_of_the_client_s_own_gets_a_link(world: World) -> None:
    def ask(token: str | None, **headers: str) -> Any:
        sent = {"authorization": f"Bearer {token}"} if token else {}
        return world.http.post("/developers/sign-in", headers=sent | headers, json={})

    told = ask(None)
    assert (told.status_code, told.json()["code"]) == (401, "UNAUTHENTICATED")
    assert "Bearer realm" in told.headers["www-authenticate"]
    told = ask("forged")
    assert (told.status_code, told.json()["code"]) == (401, "UNAUTHENTICATED")
    told = ask(world.token(Audience.LITIGANT_PORTAL), **{"accept-language": "en"})
    assert (told.status_code, told.json()["code"]) == (403, "FORBIDDEN")
    assert told.json()["error"].startswith("Sign in with a token of the client's own")
    assert "代表个人" in ask(world.token(Audience.LITIGANT_PORTAL), **{"accept-language": "zh"}).json()["error"]
    made = ask(world.token(BANK))
    assert (made.status_code, made.headers["cache-control"], made.json()["expires_in"]) == (201, "no-store", 60)
    assert world.http.get("/developers/sign-in", headers=PAGE).status_code == 405


@pytest.mark.usefixtures("restored")
def test_a_bound_token_gets_a_link_with_its_proof_alone(world: World) -> None:
    with world.engine.begin() as connection:
        set_profile(connection, world.clients[BANK].client_id, ClientProfile.FAPI2)
    key = ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True)
    bound = program(world, proof_key=key)
    assert enter(world, bound.ask_for_link()).status_code == 303
    assert ABSENT not in world.http.get(ACCOUNT, headers=PAGE).text
    stolen = {"authorization": f"DPoP {bound.token()}"}
    told = world.http.post("/developers/sign-in", headers=stolen, json={})
    assert told.status_code == 401
    assert told.headers["www-authenticate"].startswith("DPoP ")


# --- what ends a session, and what narrows it -------------------------------------------------------------------------


@pytest.mark.usefixtures("restored")
def test_a_session_ends_with_the_client_its_token_or_its_class(world: World) -> None:
    named = world.clients[BANK].client_id
    sign_in(world)
    with world.engine.begin() as connection:
        disable_client(connection, named, now=NOW)
    assert ABSENT in world.http.get(ACCOUNT, headers=PAGE).text
    with world.engine.begin() as connection:
        enable_client(connection, named, now=NOW)
    assert ABSENT in world.http.get(ACCOUNT, headers=PAGE).text  # it does not come back
    sign_in(world)
    with world.engine.begin() as connection:
        end_issued(connection, named, NOW)
    assert ABSENT in world.http.get(ACCOUNT, headers=PAGE).text
    asking = program(world)
    enter(world, asking.ask_for_link())
    waiting = asking.ask_for_link()
    form = {"token": asking.token(), "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    form["client_assertion"] = sign_assertion(asking)
    assert world.http.post("/oauth/revoke", data=form).status_code == 200
    assert ABSENT in world.http.get(ACCOUNT, headers=PAGE).text
    assert enter(world, waiting).status_code == 403  # nor is a link of that token opened
    sign_in(world)
    with world.engine.begin() as connection:  # from now on its tokens must be bound, and this one was not
        set_profile(connection, named, ClientProfile.FAPI2)
    assert ABSENT in world.http.get(ACCOUNT, headers=PAGE).text


def sign_assertion(asking: Client) -> str:
    from suxin_client.signing import read_key
    from suxin_client.signing import sign_assertion as sign

    return sign(read_key(asking.profile.key), asking.profile.client_id, ISSUER, NOW.timestamp())


@pytest.mark.usefixtures("restored")
def test_scopes_that_a_client_loses_its_session_loses_at_once(world: World) -> None:
    named = world.clients[BANK].client_id
    sign_in(world)
    assert "此页需要权限" not in world.http.get(HOOKS, headers=PAGE).text
    with world.engine.begin() as connection:
        kept = connection.scalar(sa.text("SELECT scopes FROM client WHERE client_id = :id"), {"id": named})
        set_scopes(connection, named, sorted(set(kept) - {Scope.WEBHOOK_WRITE}), allow_pilot_persons=True)
    page = world.http.get(HOOKS, headers=PAGE).text
    assert "重新推送" not in page
    with world.engine.begin() as connection:
        set_scopes(connection, named, sorted(set(kept) - {Scope.EVENT}), allow_pilot_persons=True)
    assert "此页需要权限 event.read" in world.http.get(HOOKS, headers=PAGE).text


def test_a_session_holds_no_scope_that_its_token_lacked(world: World) -> None:
    sign_in(world, scopes=("catalogue.read",))
    assert "此页需要权限 event.read" in world.http.get(HOOKS, headers=PAGE).text
    with world.engine.connect() as connection:
        held = set(connection.scalars(sa.text("SELECT unnest(scopes) FROM developer_session")))
    assert held <= {"event.read", "webhook.write"}  # never those that read persons


def test_who_leaves_is_out_and_forged_forms_do_nothing(world: World) -> None:
    page = sign_in(world)
    secret = world.http.cookies["suxin-developers"]
    refused = send(world, "/developers/leave", {"csrf": "x"})
    assert (refused.status_code, "请重试" in refused.text) == (403, True)
    (csrf,) = set(re.findall(r'name="csrf" value="(\w+)"', page))
    assert send(world, "/developers/leave", {"csrf": csrf}).status_code == 303
    world.http.cookies.set("suxin-developers", secret)
    assert ABSENT in world.http.get(ACCOUNT, headers=PAGE).text


# --- what is shown ----------------------------------------------------------------------------------------------------

OWN = """{ viewer { clientId } registration { name authentication profile scopes documentPolicy createdAt jwksUri
  keys { kid algorithm thumbprint expiresAt } publishedKeys { triedAt fetchedAt problem leftOut keys { kid } } } }"""


@pytest.mark.parametrize("audience", [BANK, Audience.AUDITOR, Audience.COMMERCE, Audience.VILLAGE, Audience.MORAL_BANK])
def test_a_client_sees_its_registration_as_the_schema_tells_it(world: World, audience: Audience) -> None:
    said = world.data(audience, OWN)["registration"]
    page = html.unescape(sign_in(world, audience))
    client = world.clients[audience]
    assert [key["kid"] for key in said["keys"]] == [client.key["kid"]]
    assert said["keys"][0]["thumbprint"] == ECKey.import_key(dict(client.key)).thumbprint()
    shown = [said["name"], said["authentication"], said["profile"], *said["scopes"], *said["keys"][0].values()]
    assert [value for value in shown if value is not None and value not in page] == []
    assert client.key["d"] not in page
    assert "没有登记地址" in page
    assert client.key["d"] not in json.dumps(said)


def test_nobody_sees_another_s_registration(world: World) -> None:
    """A person's token shows none: not that of the portal or of the court by which it came."""
    assert world.data(Audience.LITIGANT_PORTAL, OWN)["registration"] is None
    with world.engine.begin() as connection:
        add_documents(connection, world.clients[BANK].client_id, {"mine": "{ viewer { clientId } }"}, now=NOW)
    asked = "{ trustedDocuments(first: 9) { totalCount nodes { id identifier text purposes } } }"
    (own,) = world.data(BANK, asked)["trustedDocuments"]["nodes"]
    assert (own["identifier"], own["text"]) == ("mine", "{ viewer { clientId } }")
    for audience in set(Audience) - {BANK, Audience.COURT}:
        assert world.data(audience, asked)["trustedDocuments"] == {"totalCount": 0, "nodes": []}
        assert world.data(audience, "query ($id: ID!) { node(id: $id) { id } }", {"id": own["id"]})["node"] is None
    sign_in(world)
    page = html.unescape(world.http.get(DOCUMENTS, headers=PAGE).text)
    assert "{ viewer { clientId } }" in page
    world.http.cookies.clear()
    sign_in(world, Audience.COMMERCE)
    assert "mine" not in world.http.get(DOCUMENTS, headers=PAGE).text


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize(
    ("body", "problem", "shown"),
    [
        (None, "Nothing was fetched", "未取得内容"),
        (b"{", "What was fetched is no JSON", "取得的内容不是 JSON"),
        (b'{"keys": []}', "A JWK set looks like", "密钥"),
    ],
)
def test_a_client_is_told_why_its_published_keys_are_not_used(
    world: World, body: bytes | None, problem: str, shown: str
) -> None:
    address = "https://bank.example/jwks.json"
    named = {"id": world.clients[BANK].client_id, "address": address}
    with world.engine.begin() as connection:
        connection.execute(sa.text("UPDATE client SET jwks_uri = :address WHERE client_id = :id"), named)
        connection.execute(sa.text("DELETE FROM published_key_set"))
    assert world.data(BANK, OWN)["registration"]["publishedKeys"] is None
    assert "尚未读取" in sign_in(world)
    sets = KeySets(lambda url: body)
    sets.find({"keys": []}, address, "new-key", NOW.timestamp())
    with world.engine.begin() as connection:
        sets.keep_attempts(connection)
    found = world.data(BANK, OWN)["registration"]["publishedKeys"]
    assert problem in found["problem"]
    assert (found["fetchedAt"], found["keys"]) == (None, [])
    assert shown in world.http.get(ACCOUNT, headers=PAGE).text
    good: dict[str, Any] = ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False)
    cipher = ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False) | {"use": "enc"}
    for at, answer in ((60, json.dumps({"keys": [good, cipher]}).encode()), (120, b"")):
        later = KeySets(lambda url, answer=answer: answer)  # type: ignore[misc]
        later.find({"keys": []}, address, "new-key", NOW.timestamp() + at)
        with world.engine.begin() as connection:
            later.keep_attempts(connection)
    found = world.data(BANK, OWN)["registration"]["publishedKeys"]
    assert ([key["kid"] for key in found["keys"]], found["leftOut"]) == ([good["kid"]], 1)
    assert found["problem"] is not None  # the newest attempt found none, and took nothing away
    assert good["kid"] in world.http.get(ACCOUNT, headers=PAGE).text


# --- webhooks ---------------------------------------------------------------------------------------------------------

CREATE = "mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { id } errors { code } } }"
STATE = "{ webhooks { id url disabledAt disableReason deliveries(first: 9) { totalCount } } }"


def test_webhooks_are_shown_disabled_enabled_and_sent_their_events_again(world: World) -> None:
    made = world.data(BANK, CREATE, {"input": {"url": "https://bank.example/hook?a=<b>", "kinds": []}})
    hook = made["createWebhook"]["webhook"]["id"]
    sign_in(world)
    page = world.http.get(HOOKS, headers=PAGE).text
    assert "https://bank.example/hook?a=&lt;b&gt;" in page
    form = find_form(page, "disable", id=hook)
    assert send(world, HOOKS, {**form, "csrf": "forged"}).status_code == 403
    assert world.data(BANK, STATE)["webhooks"][0]["disabledAt"] is None
    done = send(world, HOOKS, form)
    assert (done.status_code, done.headers["location"]) == (303, f"{HOOKS}?done=disable")
    assert world.data(BANK, STATE)["webhooks"][0]["disableReason"] == "OWNER"
    page = world.http.get(HOOKS, headers=PAGE).text
    assert send(world, HOOKS, find_form(page, "enable", id=hook)).status_code == 303
    assert world.data(BANK, STATE)["webhooks"][0]["disabledAt"] is None
    replay = {**find_form(world.http.get(HOOKS, headers=PAGE).text, "replay", id=hook), "span": "week"}
    assert send(world, HOOKS, replay).status_code == 303
    refused = send(world, HOOKS, {**replay, "span": "century", "key": "another"})
    assert (refused.status_code, "请填写全部内容" in refused.text) == (400, True)
    world.http.cookies.clear()
    sign_in(world, Audience.COMMERCE)
    page = world.http.get(HOOKS, headers=PAGE).text
    assert "bank.example" not in page
    csrf = re.findall(r'name="csrf" value="(\w+)"', page)[0]
    alien = send(world, HOOKS, {**form, "csrf": csrf, "key": "third"})
    assert alien.status_code == 409
    assert world.data(BANK, STATE)["webhooks"][0]["disabledAt"] is None


def test_the_pages_are_in_english_and_without_script(world: World) -> None:
    sign_in(world)
    for path in (ACCOUNT, HOOKS, DOCUMENTS, REQUESTS, USAGE):
        page = world.http.get(path, headers=ENGLISH)
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
        assert '<html lang="en">' in page.text
        assert "<script" not in page.text
        assert "You are signed out after thirty minutes" in page.text
        name = world.data(BANK, OWN)["registration"]["name"]
        rest = page.text.replace("中文", "").replace(name, "")
        assert re.findall(r"[\u4e00-\u9fff]+", rest) == []


def test_a_refused_program_is_told_why(world: World) -> None:
    asking = program(world, Audience.LITIGANT_PORTAL)
    asking._token, asking._ends = world.token(Audience.LITIGANT_PORTAL), NOW.timestamp() + 600
    with pytest.raises(RefusedError, match="acts for a person") as caught:
        asking.ask_for_link()
    assert caught.value.code == "FORBIDDEN"


def test_of_two_who_open_a_link_one_gets_in(world: World) -> None:
    link = program(world).ask_for_link()

    async def both() -> list[int]:
        browsers = "visitor=first", "visitor=second"  # each sends its own cookies, never the session of the other
        sent = (asyncio.to_thread(enter, world, link, cookie=one) for one in browsers)
        return sorted(answer.status_code for answer in await asyncio.gather(*sent))

    assert asyncio.run(both()) == [303, 403]


def test_a_browser_that_sends_the_form_twice_at_once_gets_one_session(world: World) -> None:
    """A second click comes before the cookie of the first answer."""
    link = program(world).ask_for_link()
    shown = world.http.get(link.removeprefix(ISSUER), headers=PAGE)
    own = shown.headers["set-cookie"].partition(";")[0]
    assert own.startswith("suxin-developers-link=")

    async def both() -> list[Any]:
        return await asyncio.gather(*(asyncio.to_thread(enter, world, link, cookie=own) for _ in range(2)))

    answers = asyncio.run(both())
    given = [answer.headers["set-cookie"].partition(";")[0] for answer in answers]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert (given[0], given[0].startswith("suxin-developers=")) == (given[1], True)
    held = {"cookie": given[0]}
    assert ABSENT not in world.http.get(ACCOUNT, headers=PAGE | held).text
    assert enter(world, link, cookie=f"{own}; {given[0]}").status_code == 303
    assert ABSENT not in world.http.get(ACCOUNT, headers=PAGE | held).text
    assert [enter(world, link, cookie=one).status_code for one in ("x=y", f"{own}x")] == [403, 403]


def test_who_presses_the_button_twice_stays_in(world: World) -> None:
    link = program(world).ask_for_link()
    assert [enter(world, link).status_code for _ in range(2)] == [303, 303]
    assert ABSENT not in world.http.get(ACCOUNT, headers=PAGE).text


REQUESTS, USAGE = "/developers/account/requests", "/developers/account/usage"


def test_a_client_sees_its_own_requests_and_its_usage_by_day(world: World) -> None:
    entries = """(:key, :at, :id, '/graphql', 'query', :field, :status, :outcome, 7, 12.5)"""
    columns = "client_key, at, request_id, path, operation, field, status, outcome, cost, milliseconds"
    find = sa.text("SELECT id FROM client WHERE client_id = :id")
    rows: list[dict[str, Any]] = []
    with world.engine.begin() as connection:
        for audience, field in ((BANK, "financeCheck"), (Audience.COMMERCE, "commerceCheck")):
            key = connection.scalar(find, {"id": world.clients[audience].client_id})
            for status, outcome in ((200, "OK"), (200, "BAD_ID")):
                row = {"key": key, "at": NOW + timedelta(minutes=1), "id": str(uuid4()), "field": field}
                rows.append({**row, "status": status, "outcome": outcome})
        connection.execute(sa.text(f"INSERT INTO request_entry ({columns}) VALUES {entries}"), rows)  # noqa: S608
        used = "INSERT INTO client_usage (client_key, day, field, requests, refused, throttled, cost, milliseconds)"
        counted = [
            {"key": one["key"], "field": one["field"], "day": NOW.date() - timedelta(days=days), "count": 40 + days}
            for one in rows[::2]
            for days in (1, 2)
        ]
        connection.execute(sa.text(f"{used} VALUES (:key, :day, :field, :count, 4, 2, 900, 410)"), counted)
    sign_in(world)
    page = world.http.get(REQUESTS, headers=PAGE).text
    assert [one["id"] in page for one in rows] == [True, True, False, False]
    assert '<a href="/errors/BAD_ID">BAD_ID</a>' in page
    assert "commerceCheck" not in page
    page = world.http.get(REQUESTS, params={"refused": "1"}, headers=PAGE).text
    assert [one["id"] in page for one in rows] == [False, True, False, False]
    page = world.http.get(REQUESTS, params={"request": f" {rows[0]['id']} "}, headers=PAGE).text
    assert [f"<code>{one['id']}</code>" in page for one in rows] == [True, False, False, False]
    for odd in ("x", rows[2]["id"], '"><script>', "a\x00b"):
        answer = world.http.get(REQUESTS, params={"request": odd}, headers=PAGE)
        assert answer.status_code == (400 if "\0" in odd else 200)
        assert [f"<code>{one['id']}</code>" in answer.text for one in rows] == [False] * 4
        assert "<script" not in answer.text
    page = world.http.get(USAGE, headers=PAGE).text
    assert "<code>financeCheck</code>" in page
    assert "commerceCheck" not in page
    days = re.findall(r'<th scope="row">(11-\d\d)</th><td class="number">(\d+)</td>', page)
    assert days[:2] == [("11-19", "42"), ("11-20", "41")]
