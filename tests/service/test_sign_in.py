"""Staff sign in: the page, the password, the code and the token (RFC 6749, 4.1; RFC 7636; RFC 9207; RFC 9700)."""

import asyncio
import json
import re
from base64 import urlsafe_b64decode
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from browser import CHALLENGE, REDIRECT_URI, Attempt, filled, path, returned
from house import CIXI, NINGBO, YUYAO, House
from oauth_clients import ISSUER, Service, refusal

from auth.audiences import Audience
from auth.clients.registration import RegistrationError
from auth.metadata import SCRIPT_PATH
from auth.scopes import Scope
from auth.server.accounts import Account, AccountError, Password, add_staff, remove_staff, renew_password
from auth.server.authorization_code import USELESS
from auth.server.sign_in import UNKNOWN_REDIRECT
from auth.staff.browser_session import ALLOW_COOKIES
from auth.staff.throttle import Throttle
from auth.tokens import TokenError, TokenVerifier
from models.client import Client
from models.court import StaffRole
from models.staff_account import AuthorizationCode, StaffAccount, StaffSession

# --- the way there and back -------------------------------------------------------------------------------------------


async def test_a_judge_signs_in_and_the_client_gets_a_token_that_names_role_and_court(house: House) -> None:
    attempt = house.attempt()
    back = returned(await house.sign_in(attempt))
    assert back.keys() == {"code", "state", "iss"}
    assert (back["state"], back["iss"]) == (attempt.state, ISSUER)
    answer = await house.redeem(attempt, back["code"])
    assert answer.status_code == 200, answer.text
    assert Scope.PROCEDURE_WRITE in answer.json()["scope"].split()
    claims = json.loads(urlsafe_b64decode(answer.json()["access_token"].split(".")[1] + "=="))
    assert (claims["roles"], claims["court"]) == (["JUDGE"], YUYAO)
    assert claims["sub"].startswith("staff:")


async def test_the_verifier_knows_the_officer_until_they_leave(house: House, engine: Any) -> None:
    verifier = TokenVerifier(ISSUER, house.service.server.signing, engine, house.service.clock)
    attempt = house.attempt()
    token = (await house.redeem(attempt, await house.code(attempt))).json()["access_token"]
    principal = await verifier.verify(token)
    assert principal.officer is not None
    assert (principal.officer.role, principal.officer.court_code) == (StaffRole.JUDGE, YUYAO)
    assert principal.jurisdiction == YUYAO
    with house.service.engine.begin() as connection:
        remove_staff(connection, house.judge.username, house.moment())
    with pytest.raises(TokenError):
        await verifier.verify(token)


async def test_who_has_a_session_is_sent_back_at_once_and_prompt_login_asks_again(house: House) -> None:
    await house.sign_in(house.attempt())
    attempt = house.attempt()
    again = await house.http.get(path(attempt.query()))
    assert (await house.redeem(attempt, returned(again)["code"])).status_code == 200
    asked = await house.http.get(path(attempt.query(prompt="login")))
    assert (asked.status_code, "csrf" in asked.text) == (200, True)


async def test_signing_out_ends_the_session_and_the_tokens(house: House, engine: Any) -> None:
    verifier = TokenVerifier(ISSUER, house.service.server.signing, engine, house.service.clock)
    attempt = house.attempt()
    token = (await house.redeem(attempt, await house.code(attempt))).json()["access_token"]
    page = await house.http.get("/oauth/sign-out")
    gone = await house.http.post("/oauth/sign-out", data={"csrf": filled(page, "", "")["csrf"]})
    assert gone.status_code == 200
    assert "suxin-session" in gone.headers["set-cookie"]
    with pytest.raises(TokenError):
        await verifier.verify(token)
    assert (await house.http.get(path(house.attempt().query()))).status_code == 200


async def test_a_session_ends_after_eight_hours(house: House) -> None:
    await house.sign_in(house.attempt())
    for seconds in (*[1700] * 16, 8 * 3600 - 16 * 1700 - 1):
        house.service.clock.now += seconds
        assert (await house.http.get(path(house.attempt().query()))).status_code == 303
    house.service.clock.now += 2
    assert (await house.http.get(path(house.attempt().query()))).status_code == 200


async def test_nothing_secret_is_stored(house: House) -> None:
    await house.code(house.attempt())
    session = house.http.cookies["__Host-suxin-session"]
    with house.service.engine.connect() as connection:
        kept = [
            value
            for table in (StaffAccount, StaffSession, AuthorizationCode)
            for row in connection.execute(sa.select(table.__table__))
            for value in row
        ]
    assert not {session, house.judge.password} & set(map(str, kept))
    assert any(str(value).startswith("$argon2id$") for value in kept)


# --- the page ---------------------------------------------------------------------------------------------------------


async def test_cookies_are_for_this_host_alone_and_out_of_reach_of_scripts(house: House) -> None:
    attempt = house.attempt()
    page = await house.http.get(path(attempt.query()))
    (csrf,) = page.headers.get_list("set-cookie")
    assert csrf.startswith("__Host-suxin-csrf=")
    assert {part.strip().lower() for part in csrf.split(";")[1:]} == {"httponly", "secure", "path=/", "samesite=lax"}
    form = filled(page, house.judge.username, house.judge.password)
    session, device = (await house.http.post(path(attempt.query()), data=form)).headers.get_list("set-cookie")
    assert session.startswith("__Host-suxin-session=")
    assert device.startswith("__Host-suxin-device-")
    for cookie in (session, device):
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "secure", "path=/", "samesite=lax"} < parts


async def test_the_page_is_neither_framed_nor_stored(house: House) -> None:
    page = await house.http.get(path(house.attempt().query()))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://court.example;" in policy
    assert re.findall(r"<script[^>]*>", page.text) == [f'<script src="{SCRIPT_PATH}" defer>']
    assert "script-src 'self'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"


@pytest.mark.fapi_refuses("5.3.2.2-13")
@pytest.mark.parametrize("csrf", ["", "x" * 43])
async def test_a_form_that_is_not_this_page_s_is_refused(house: House, csrf: str) -> None:
    address = path(house.attempt().query())
    form = filled(await house.http.get(address), house.judge.username, house.judge.password)
    response = await house.http.post(address, data=form | {"csrf": csrf})
    assert (response.status_code, "suxin-session" in response.headers.get("set-cookie", "")) == (403, False)
    assert ALLOW_COOKIES in unescape(response.text)


async def test_a_form_without_the_cookie_is_refused(house: House) -> None:
    address = path(house.attempt().query())
    form = filled(await house.http.get(address), house.judge.username, house.judge.password)
    house.http.cookies.clear()
    assert (await house.http.post(address, data=form)).status_code == 403


FROM_HERE, FROM_ELSEWHERE = {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "cross-site"}


async def two_tabs(house: House, together: bool) -> list[tuple[str, dict[str, str]]]:
    """The addresses and filled forms of two pages; of those opened together, neither brings the other's cookie."""
    tabs = []
    for _ in range(2):
        address = path(house.attempt().query())
        page = await house.http.get(address, headers=FROM_ELSEWHERE)
        tabs.append((address, filled(page, house.judge.username, house.judge.password)))
        if together and len(tabs) == 1:
            house.http.cookies.clear()
    return tabs


@pytest.mark.parametrize("together", [False, True])
async def test_the_page_works_in_two_tabs(house: House, together: bool) -> None:
    tabs = await two_tabs(house, together)
    assert (tabs[0][1]["csrf"] == tabs[1][1]["csrf"]) is not together
    for address, form in tabs:
        assert returned(await house.http.post(address, data=form, headers=FROM_HERE))["code"]


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
async def test_no_other_page_is_vouched_for(house: House, site: str) -> None:
    (address, form), _ = await two_tabs(house, together=True)
    assert (await house.http.post(address, data=form, headers={"sec-fetch-site": site})).status_code == 403
    house.http.cookies.clear()
    assert (await house.http.post(address, data=form, headers=FROM_HERE)).status_code == 403


@pytest.mark.fapi_accepts("5.3.2.2-13")
async def test_the_page_tells_who_asks_and_for_which_rights(house: House) -> None:
    """In words, and no others."""
    page = await house.http.get(path(house.attempt().query(scope="register.read procedure.write")))
    told = re.findall("<li>(.*?)</li>", unescape(page.text))
    assert told == [Scope.REGISTER.display, Scope.PROCEDURE_WRITE.display]
    with house.service.engine.connect() as connection:
        name = connection.scalar(sa.select(Client.name).where(Client.client_id == house.client.client_id))
    assert f"<p>{name} 请求以您的身份访问。" in page.text


async def test_what_a_client_is_called_is_text_and_no_markup(service: Service, house: House) -> None:
    with service.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE client SET name = '<b>x</b>' WHERE client_id = :id"), {"id": house.client.client_id}
        )
    page = await house.http.get(path(house.attempt().query()))
    assert "&lt;b&gt;x&lt;/b&gt;" in page.text


async def test_a_user_name_is_read_as_it_was_meant(house: House) -> None:
    name = house.judge.username
    for written in (
        name.capitalize(),
        name.upper(),
        f" {name} ",
        name.replace(".", " . "),
        f"\u3000{name}",
        f"ｃ{name[1:]}",
    ):
        assert returned(await house.sign_in(house.attempt(), Password(written, house.judge.password), prompt="login"))
    page = await house.http.get(path(house.attempt().query(prompt="login")))
    assert 'name="username" autocomplete="username" autocapitalize="off"' in page.text


# --- passwords --------------------------------------------------------------------------------------------------------


async def test_wrong_unknown_and_gone_look_alike(house: House) -> None:
    with house.service.engine.begin() as connection:
        former = add_staff(connection, Account("前法官", house.client.client_id + ".former", StaffRole.JUDGE, YUYAO))
        remove_staff(connection, former.username, house.moment())
    answers = set()
    for who in (Password(house.judge.username, "wrong"), Password("nobody", "wrong"), former):
        response = await house.sign_in(house.attempt(), who)
        text = CHALLENGE.sub("", response.text)
        answers.add((response.status_code, text.replace(house.http.cookies["__Host-suxin-csrf"], "")))
    assert [status for status, _ in answers] == [401]


async def test_five_wrong_passwords_lock_an_account_for_a_quarter_of_an_hour(house: House) -> None:
    wrong = Password(house.judge.username, "wrong")
    for _ in range(5):
        assert (await house.sign_in(house.attempt(), wrong)).status_code == 401
    assert (await house.sign_in(house.attempt())).status_code == 401
    house.service.clock.now += 15 * 60 - 1
    assert (await house.sign_in(house.attempt())).status_code == 401
    house.service.clock.now += 2
    assert (await house.sign_in(house.attempt())).status_code == 303


async def test_guesses_made_at_once_are_all_counted(house: House) -> None:
    address = path(house.attempt().query())
    form = filled(await house.http.get(address), house.judge.username, "wrong")
    await asyncio.gather(*(house.http.post(address, data=form) for _ in range(5)))
    assert (await house.sign_in(house.attempt())).status_code == 401


async def test_a_new_password_unlocks_and_signs_out(house: House) -> None:
    await house.sign_in(house.attempt())
    for _ in range(5):
        await house.sign_in(house.attempt(), Password(house.judge.username, "wrong"), prompt="login")
    with house.service.engine.begin() as connection:
        throttle = Throttle(house.service.server.keyring)
        new = renew_password(connection, house.judge.username, house.moment(), throttle)
    assert (await house.http.get(path(house.attempt().query()))).status_code == 200
    assert (await house.sign_in(house.attempt())).status_code == 401
    assert (await house.sign_in(house.attempt(), new)).status_code == 303


# --- who may ask, and for what ----------------------------------------------------------------------------------------


@pytest.mark.fapi_refuses("5.3.2.1-7", "5.3.2.2-6")
@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"client_id": "nobody"}, "The client is not registered here."),
        ({"client_id": None}, "The client is not registered here."),
        ({"redirect_uri": None}, UNKNOWN_REDIRECT),
        ({"redirect_uri": REDIRECT_URI + "/"}, UNKNOWN_REDIRECT),
        ({"redirect_uri": REDIRECT_URI + "?x=1"}, UNKNOWN_REDIRECT),
        ({"redirect_uri": "https://evil.example/signed-in"}, UNKNOWN_REDIRECT),
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(
    house: House, over: dict[str, str | None], reason: str
) -> None:
    response = await house.http.get(path(house.attempt().query(**over)))
    assert (response.status_code, "location" in response.headers) == (400, False)
    assert reason in response.text


@pytest.mark.fapi_accepts("5.3.2.1-7", "5.3.2.2-7")
@pytest.mark.parametrize(
    ("over", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "audit.read"}, "invalid_scope"),
        ({"scope": " "}, "invalid_scope"),
    ],
)
async def test_other_errors_go_back_to_the_client_with_state_and_issuer(
    house: House, over: dict[str, str | None], error: str
) -> None:
    attempt = house.attempt()
    back = returned(await house.http.get(path(attempt.query(**over))))
    assert (back["error"], back["state"], back["iss"]) == (error, attempt.state, ISSUER)


async def test_a_repeated_parameter_is_refused(house: House) -> None:
    response = await house.http.get(path(house.attempt().query() + "&scope=a&scope=b"))
    assert response.status_code == 400


async def test_a_lower_court_s_judge_may_sign_in_at_the_court_above_and_not_next_door(house: House) -> None:
    for court, status in ((NINGBO, 303), (CIXI, 401)):
        client = house.service.register(Audience.COURT, court_code=court, redirect_uris=[REDIRECT_URI])
        assert (await house.sign_in(Attempt(client.client_id))).status_code == status


async def test_a_session_of_one_court_opens_no_client_of_another(house: House) -> None:
    await house.sign_in(house.attempt())
    client = house.service.register(Audience.COURT, court_code=CIXI, redirect_uris=[REDIRECT_URI])
    assert (await house.http.get(path(Attempt(client.client_id).query()))).status_code == 200


async def test_a_client_itself_never_gets_the_scope_to_act(house: House) -> None:
    scopes = (await house.service.token(house.client)).json()["scope"].split()
    assert Scope.PROCEDURE_WRITE not in scopes
    assert Scope.PROCEDURE in scopes
    assert refusal(await house.service.token(house.client, scope=Scope.PROCEDURE_WRITE)) == (400, "invalid_scope")


async def test_a_token_reaches_no_more_than_was_signed_in_for(house: House) -> None:
    attempt = house.attempt()
    code = returned(await house.sign_in(attempt, scope="register.read procedure.read"))["code"]
    wider = await house.redeem(attempt, code, scope="procedure.write")
    assert refusal(wider) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("uri", "before"), [("/cb", "/cb?"), ("/cb?", "/cb?"), ("/cb?y=z", "/cb?y=z&"), ("/?y?", "/?y?&")]
)
async def test_an_answer_is_added_to_the_query_of_an_address(house: House, uri: str, before: str) -> None:
    uri = f"https://court.example{uri}"
    client = house.service.register(Audience.COURT, court_code=YUYAO, redirect_uris=[uri])
    attempt = Attempt(client.client_id)
    back = await house.http.get(path(attempt.query(redirect_uri=uri, scope="audit.read")))
    assert back.headers["location"].startswith(f"https://court.example{before}error=invalid_scope&")


# --- codes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "over",
    [
        {"code_verifier": "x" * 43},
        {"code_verifier": "short"},
        {"redirect_uri": "https://court.example/other"},
        {"code": "unknown"},
    ],
)
async def test_a_code_is_of_use_only_to_who_asked(house: House, over: dict[str, str]) -> None:
    attempt = house.attempt()
    code = await house.code(attempt)
    assert refusal(await house.redeem(attempt, **({"code": code} | over))) == (400, "invalid_grant")


@pytest.mark.parametrize("missing", ["code", "redirect_uri", "code_verifier"])
async def test_what_is_missing_is_named(house: House, missing: str) -> None:
    attempt = house.attempt()
    response = await house.redeem(attempt, **({"code": await house.code(attempt)} | {missing: ""}))
    assert refusal(response) == (400, "invalid_request")
    assert missing in response.json()["error_description"]


async def test_another_client_s_code_is_worth_nothing_and_stays_good_for_its_own(house: House) -> None:
    other = house.service.register(Audience.COURT, court_code=YUYAO, redirect_uris=[REDIRECT_URI])
    attempt = house.attempt()
    code = await house.code(attempt)
    assert refusal(await house.redeem(attempt, code, by=other)) == (400, "invalid_grant")
    assert (await house.redeem(attempt, code)).status_code == 200


async def test_a_code_lives_a_minute(house: House) -> None:
    attempt = house.attempt()
    code = await house.code(attempt)
    house.service.clock.now += 61
    assert refusal(await house.redeem(attempt, code)) == (400, "invalid_grant")


@pytest.mark.fapi_refuses("5.3.2.2-9")
async def test_a_code_shown_again_revokes_its_token(house: House, engine: Any) -> None:
    verifier = TokenVerifier(ISSUER, house.service.server.signing, engine, house.service.clock)
    attempt = house.attempt()
    code = await house.code(attempt)
    token = (await house.redeem(attempt, code)).json()["access_token"]
    await verifier.verify(token)
    again = await house.redeem(attempt, code)
    assert (refusal(again), again.json()["error_description"]) == ((400, "invalid_grant"), USELESS)
    with pytest.raises(TokenError):
        await verifier.verify(token)


async def test_a_code_shown_again_revokes_its_token_as_long_as_that_lives(house: House, engine: Any) -> None:
    """Other sign-ins, which forget old codes, change nothing about it."""
    verifier = TokenVerifier(ISSUER, house.service.server.signing, engine, house.service.clock)
    attempt = house.attempt()
    code = await house.code(attempt)
    token = (await house.redeem(attempt, code)).json()["access_token"]
    house.service.clock.now += 200
    again = await house.http.get(path(house.attempt().query()))
    assert again.status_code == 303
    await house.redeem(attempt, code)
    with pytest.raises(TokenError):
        await verifier.verify(token)


async def test_a_code_is_of_no_use_after_its_owner_was_signed_out(house: House) -> None:
    attempt = house.attempt()
    code = await house.code(attempt)
    with house.service.engine.begin() as connection:
        renew_password(connection, house.judge.username, house.moment(), Throttle(house.service.server.keyring))
    assert refusal(await house.redeem(attempt, code)) == (400, "invalid_grant")


async def test_of_eight_redemptions_at_once_one_wins(house: House) -> None:
    attempt = house.attempt()
    code = await house.code(attempt)
    answers = await asyncio.gather(*(house.redeem(attempt, code) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 7]


# --- registers --------------------------------------------------------------------------------------------------------


@pytest.mark.fapi_refuses("5.3.2.2-8")
@pytest.mark.parametrize(
    ("uri", "remedy"),
    [
        ("http://court.example/x", ""),
        ("https://court.example/x#y", "Leave out the fragment"),
        ("javascript:alert(1)", "Give an https:// address."),
        ("https://", "Name a host"),
        ("https://[::1", "Name a host"),
        ("https://court.example:99999/", "Name a host"),
        ("https://court.example/x\n", "Write blanks, control characters"),
        ("https://court.example/\tx", "Write blanks, control characters"),
        ("https://court.example/ x", "Write blanks, control characters"),
        ("https://court.example\\@evil.example/", "Write blanks, control characters"),
        ("https://user:pw@court.example/x", "Leave out user and password"),
    ],
)
def test_an_address_must_be_https_without_a_fragment(service: Service, uri: str, remedy: str) -> None:
    reason = f"{uri!r} cannot be a redirect URI: it is https://…, or http://127.0.0.1/… for this machine. {remedy}"
    with pytest.raises(RegistrationError, match=f"^{re.escape(reason.rstrip())}"):
        service.register(Audience.COURT, court_code=YUYAO, redirect_uris=[uri])


@pytest.mark.fapi_accepts("5.3.2.2-8")
@pytest.mark.parametrize("uri", ["https://court.example/x?y=z", "http://127.0.0.1:8400/x", "http://[::1]/x"])
def test_an_address_is_https_or_of_this_machine(service: Service, uri: str) -> None:
    assert service.register(Audience.COURT, court_code=YUYAO, redirect_uris=[uri])


def test_only_courts_have_staff_who_sign_in(service: Service) -> None:
    with pytest.raises(RegistrationError):
        service.register(redirect_uris=[REDIRECT_URI])


@pytest.mark.parametrize(
    "account",
    [
        Account("", "ok-1", StaffRole.JUDGE, YUYAO),
        Account("王法官", "Wang", StaffRole.JUDGE, YUYAO),
        Account("王法官", "ok-2", StaffRole.JUDGE, "浙9999"),
    ],
)
async def test_an_account_that_cannot_be_is_refused(house: House, account: Account) -> None:
    with house.service.engine.begin() as connection, pytest.raises(AccountError):
        add_staff(connection, account)


async def test_a_user_name_is_given_once(house: House) -> None:
    with house.service.engine.begin() as connection, pytest.raises(AccountError):
        add_staff(connection, Account("王法官", house.judge.username, StaffRole.CHIEF, YUYAO))
