"""Sign-in of staff by an OpenID provider: what is accepted, and what is refused and why."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from browser import path, returned
from house import House, open_house
from joserfc.jwk import ECKey, OctKey
from oauth_clients import ISSUER, Service
from openid_provider import CLIENT_ID, PROVIDER, TERMS, SmallProvider
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.openid.attempts import BrowserAttempt
from auth.openid.links import link_login, unlink_login
from auth.openid.provider import OpenIdProvider
from auth.server.accounts import Account, AccountError, add_staff, remove_staff
from auth.server.endpoints import build_oauth_routes
from auth.staff.entry_rules import EntryRules
from ingest.reference.catalogue import load_catalogue
from models.court import StaffRole
from models.security_event import SecurityEvent
from models.staff_login import OpenIdAttempt, StaffLogin

START, CALLBACK, AUTHORIZE = "/oauth/openid", "/oauth/openid/callback", "/oauth/authorize"


@dataclass
class Lodge:
    """A house whose judge signs in by a provider."""

    house: House
    provider: SmallProvider

    @property
    def http(self) -> Any:
        """The judge's browser."""
        return self.house.http

    async def start(self, back: str = "/court", **query: str) -> str:
        """Where a browser is sent to."""
        sent = await self.http.get(START, params={"back": back, **query})
        assert sent.status_code == 303, sent.text
        return str(sent.headers["location"])

    async def come_back(self, **over: str | None) -> Any:
        """The answer to a browser that was sent to the provider and comes back."""
        return await self.http.get(CALLBACK, params=self.provider.approve(await self.start(), **over))

    def told(self) -> Any:
        """The newest security event."""
        with self.house.service.engine.connect() as connection:
            return connection.execute(sa.select(SecurityEvent.__table__).order_by(SecurityEvent.id.desc())).first()

    def link(self, subject: str = "7f3c91e2", username: str = "") -> None:
        """Link an account."""
        with self.house.service.engine.begin() as connection:
            link_login(connection, username or self.house.judge.username, PROVIDER, subject, self.house.moment())

    async def refused(self, reason: str, **over: str | None) -> None:
        """A sign-in is refused for this reason, recorded, and nobody is signed in."""
        page = await self.come_back(**over)
        assert (page.status_code, reason in page.text) == (403, True), page.text
        told = self.told()
        assert (told.act, told.result, told.reason, told.operator) == ("SIGN_IN", "REFUSED", reason, None)
        assert (await self.http.get("/oauth/account")).status_code == 401


@pytest.fixture
async def lodge(service: Service, engine: AsyncEngine) -> Lodge:
    async with engine.begin() as connection:
        await load_catalogue(connection)
    house = open_house(service)
    with service.engine.begin() as connection:
        connection.execute(sa.delete(StaffLogin))
    provider = SmallProvider(service.clock)
    let_in(service, provider.make())
    made = Lodge(house, provider)
    made.link()
    return made


def let_in(service: Service, provider: OpenIdProvider) -> None:
    """Have the server in process sign staff in by a provider."""
    service.server.openid = provider
    app: Any = service.http._transport.app  # type: ignore[attr-defined]
    app.router.routes[:] = build_oauth_routes(service.server, lambda key: None)


# --- what is accepted -------------------------------------------------------------------------------------------------


async def test_a_linked_officer_signs_in(lodge: Lodge) -> None:
    location = await lodge.start()
    assert location.startswith(f"{PROVIDER}/auth?response_type=code&client_id={CLIENT_ID}&")
    for part in ("scope=openid", "code_challenge_method=S256", "acr_values=urn", "max_age=28800", "nonce=", "state="):
        assert part in location
    done = await lodge.http.get(CALLBACK, params=lodge.provider.approve(location))
    assert (done.status_code, done.headers["location"]) == (303, "/court")
    (form,) = lodge.provider.redeemed
    assert form["redirect_uri"] == f"{ISSUER}{CALLBACK}"
    assert (len(form["code_verifier"]), form["authorization"]) == (43, "Basic c3V4aW46aHVzaA==")
    told, judge = lodge.told(), lodge.house.judge.username
    assert (told.act, told.result, told.operator, told.after) == ("SIGN_IN", "DONE", judge, {"by": PROVIDER})
    assert (await lodge.http.get("/oauth/account")).status_code == 200


async def test_a_client_gets_a_code_after_it(lodge: Lodge) -> None:
    attempt = lodge.house.attempt()
    page = await lodge.http.get(path(attempt.query()))
    assert "/oauth/openid?back=%2Foauth%2Fauthorize" in page.text
    back = path(attempt.query())
    done = await lodge.http.get(CALLBACK, params=lodge.provider.approve(await lodge.start(back)))
    code = returned(await lodge.http.get(done.headers["location"]))["code"]
    assert "access_token" in (await lodge.house.redeem(attempt, code)).json()


async def test_prompt_login_is_met_by_a_sign_in_for_that_request_and_no_other(lodge: Lodge) -> None:
    back, other = (path(lodge.house.attempt().query(prompt="login")) for _ in range(2))
    location = await lodge.start(back, again="1")
    assert ("prompt=login" in location, "max_age=0" in location) == (True, True)
    done = await lodge.http.get(CALLBACK, params=lodge.provider.approve(location))
    assert (await lodge.http.get(other)).status_code == 200, "the page"
    assert "code" in returned(await lodge.http.get(done.headers["location"]))
    lodge.house.service.clock.now += 61
    assert (await lodge.http.get(back)).status_code == 200, "no longer"


async def test_prompt_login_is_not_met_by_what_the_provider_remembers(lodge: Lodge) -> None:
    """Who leaves `again` out of the link comes back without having been authenticated anew."""
    back = path(lodge.house.attempt().query(prompt="login"))
    lodge.provider.claims["auth_time"] = int(lodge.house.service.clock.now) - 3600
    done = await lodge.http.get(CALLBACK, params=lodge.provider.approve(await lodge.start(back)))
    assert (await lodge.http.get(done.headers["location"])).status_code == 200, "the page again"
    assert (await lodge.http.get(path(lodge.house.attempt().query(max_age="300")))).status_code == 200
    assert (await lodge.http.get(path(lodge.house.attempt().query(max_age="3700")))).status_code == 303


async def test_authenticating_anew_proves_the_session_that_is_there(lodge: Lodge) -> None:
    assert (await lodge.come_back()).status_code == 303
    cookie = lodge.http.cookies["__Host-suxin-session"]
    lodge.house.service.clock.now += 600
    assert (await lodge.http.get(path(lodge.house.attempt().query(max_age="300")))).status_code == 200
    done = await lodge.http.get(CALLBACK, params=lodge.provider.approve(await lodge.start(again="1")))
    assert (done.status_code, lodge.http.cookies["__Host-suxin-session"]) == (303, cookie)
    assert (lodge.told().act, lodge.told().result) == ("SECOND_FACTOR_GIVEN", "DONE")
    assert (await lodge.http.get(path(lodge.house.attempt().query(max_age="300")))).status_code == 303


async def test_authenticating_anew_needs_a_new_authentication(lodge: Lodge) -> None:
    await lodge.come_back()
    lodge.house.service.clock.now += 600
    lodge.provider.claims["auth_time"] = int(lodge.house.service.clock.now) - 61
    done = await lodge.http.get(CALLBACK, params=lodge.provider.approve(await lodge.start(again="1")))
    assert (done.status_code, "WRONG_AUTH_TIME" in done.text) == (403, True)


async def test_a_required_second_factor_may_be_that_of_the_provider(lodge: Lodge) -> None:
    lodge.house.service.server.entry = EntryRules(second_factor=True)
    await lodge.come_back()
    assert "code" in returned(await lodge.http.get(path(lodge.house.attempt().query())))


async def test_who_comes_from_the_provider_changes_no_password(lodge: Lodge) -> None:
    lodge.house.service.server.entry = EntryRules(password_age=timedelta(days=1))
    await lodge.come_back()
    assert "code" in returned(await lodge.http.get(path(lodge.house.attempt().query())))


@pytest.mark.parametrize("skew", [-55, 55], ids=["slow", "fast"])
async def test_clocks_may_be_a_minute_apart(lodge: Lodge, skew: int) -> None:
    now = int(lodge.house.service.clock.now) + skew
    lodge.provider.claims |= {"iat": now, "auth_time": now, "exp": now + 5}
    assert (await lodge.come_back()).status_code == 303


async def test_two_tabs_do_not_disturb_each_other(lodge: Lodge) -> None:
    first, second = await lodge.start(), await lodge.start()
    for location in (first, second):
        done = await lodge.http.get(CALLBACK, params=lodge.provider.approve(location))
        assert done.status_code == 303


async def test_a_public_client_and_one_whose_secret_is_in_the_body(lodge: Lodge) -> None:
    let_in(lodge.house.service, lodge.provider.make(replace(TERMS, secret=None)))
    assert (await lodge.come_back()).status_code == 303
    assert lodge.provider.redeemed[-1]["client_id"] == CLIENT_ID
    lodge.provider.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    let_in(lodge.house.service, lodge.provider.make())
    assert (await lodge.come_back()).status_code == 303
    assert (lodge.provider.redeemed[-1]["client_secret"], lodge.provider.redeemed[-1]["authorization"]) == ("hush", "")


async def test_keys_that_the_provider_has_changed_are_fetched_again(lodge: Lodge) -> None:
    assert (await lodge.come_back()).status_code == 303
    lodge.provider.key = ECKey.generate_key("P-256", auto_kid=True)
    lodge.house.service.clock.now += 31
    assert (await lodge.come_back()).status_code == 303
    assert lodge.provider.fetched.count("/jwks") == 2
    lodge.house.service.clock.now += 31
    assert (await lodge.come_back()).status_code == 303
    assert lodge.provider.fetched.count("/jwks") == 2, "a known key is not fetched"


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/court/../x", "javascript:1", "", "/oauth/revoke"],
    ids=["other-site", "no-scheme", "backslash", "dots", "script", "none", "elsewhere"],
)
async def test_a_sign_in_leads_to_no_other_place(lodge: Lodge, back: str) -> None:
    done = await lodge.http.get(CALLBACK, params=lodge.provider.approve(await lodge.start(back)))
    assert done.headers["location"] == "/court"


# --- what is refused --------------------------------------------------------------------------------------------------

OTHER = ECKey.generate_key("P-256", auto_kid=True)
WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "another-nonce": ("WRONG_NONCE", {"nonce": "n" * 43}),
    "no-nonce": ("WRONG_NONCE", {"nonce": None}),
    "another-audience": ("WRONG_AUD", {"aud": "other"}),
    "two-audiences-and-no-party": ("WRONG_AZP", {"aud": [CLIENT_ID, "other"]}),
    "another-party": ("WRONG_AZP", {"azp": "other"}),
    "another-issuer": ("WRONG_ISS", {"iss": "https://evil.example"}),
    "no-issuer": ("WRONG_ISS", {"iss": None}),
    "the-issuer-with-a-slash": ("WRONG_ISS", {"iss": f"{PROVIDER}/"}),
    "no-class": ("WRONG_ACR", {"acr": None}),
    "another-class": ("WRONG_ACR", {"acr": "urn:court:password"}),
    "classes-in-one-text": ("WRONG_ACR", {"acr": f"urn:x {TERMS.acr[0]}"}),
    "no-subject": ("WRONG_SUB", {"sub": None}),
    "an-empty-subject": ("WRONG_SUB", {"sub": ""}),
    "a-number-as-subject": ("WRONG_SUB", {"sub": 7}),
    "a-surrogate-in-the-subject": ("WRONG_CLAIMS", {"sub": "7f3c\ud800"}),
    "a-control-in-the-subject": ("WRONG_CLAIMS", {"sub": "7f3c\x00"}),
    "a-surrogate-in-the-nonce": ("WRONG_CLAIMS", {"nonce": "\udc00" * 43}),
    "no-time": ("WRONG_AUTH_TIME", {"auth_time": None}),
    "a-text-as-time": ("WRONG_AUTH_TIME", {"auth_time": "now"}),
    "no-end": ("WRONG_EXP", {"exp": None}),
    "another-hash-of-the-token": ("WRONG_AT_HASH", {"at_hash": "x" * 22}),
}


@pytest.mark.parametrize(("reason", "claims"), WRONG.values(), ids=WRONG.keys())
async def test_an_id_token_with_a_wrong_claim_is_refused(lodge: Lodge, reason: str, claims: dict[str, Any]) -> None:
    lodge.provider.claims = claims
    await lodge.refused(reason)


@pytest.mark.parametrize(
    ("reason", "claim", "seconds"),
    [
        ("WRONG_EXP", "exp", -61),
        ("WRONG_IAT", "iat", 61),
        ("WRONG_NBF", "nbf", 61),
        ("WRONG_AUTH_TIME", "auth_time", 61),
        ("WRONG_AUTH_TIME", "auth_time", -8 * 3600 - 61),
    ],
    ids=["expired", "of-the-future", "not-yet", "authenticated-in-the-future", "authenticated-long-ago"],
)
async def test_an_id_token_of_another_time_is_refused(lodge: Lodge, reason: str, claim: str, seconds: int) -> None:
    lodge.provider.claims = {claim: int(lodge.house.service.clock.now) + seconds}
    await lodge.refused(reason)


async def test_an_id_token_without_a_signature_or_by_a_secret_is_refused(lodge: Lodge) -> None:
    lodge.provider.header = {"alg": "none", "kid": None}
    await lodge.refused("WRONG_SIGNATURE")
    lodge.provider.header, lodge.provider.signer = {"alg": "HS256"}, OctKey.import_key("hush" * 8)
    await lodge.refused("WRONG_SIGNATURE")
    public = json.dumps(lodge.provider.key.as_dict(private=False))
    lodge.provider.signer = OctKey.import_key(public)
    await lodge.refused("WRONG_SIGNATURE")


async def test_an_id_token_by_another_key_is_refused(lodge: Lodge) -> None:
    lodge.provider.signer = OTHER
    await lodge.refused("WRONG_SIGNATURE")
    lodge.provider.header = {"kid": OTHER.kid}
    await lodge.refused("UNKNOWN_KEY")
    lodge.provider.header = {"kid": OTHER.kid, "jwk": OTHER.as_dict(private=False)}
    await lodge.refused("UNKNOWN_KEY")


async def test_without_a_name_of_the_key_there_must_be_one_only(lodge: Lodge) -> None:
    lodge.provider.header = {"kid": None}
    assert (await lodge.come_back()).status_code == 303
    lodge.http.cookies.clear()
    keys = [lodge.provider.key.as_dict(private=False), OTHER.as_dict(private=False)]
    lodge.provider.published = keys
    let_in(lodge.house.service, lodge.provider.make())
    await lodge.refused("UNKNOWN_KEY")


async def test_methods_may_be_required_too(lodge: Lodge) -> None:
    let_in(lodge.house.service, lodge.provider.make(replace(TERMS, amr=("otp", "hwk"))))
    await lodge.refused("WRONG_AMR")
    lodge.provider.claims = {"amr": ["pwd"]}
    await lodge.refused("WRONG_AMR")
    lodge.provider.claims = {"amr": "otp"}
    await lodge.refused("WRONG_AMR")
    lodge.provider.claims = {"amr": ["pwd", "otp"]}
    assert (await lodge.come_back()).status_code == 303


@pytest.mark.parametrize(
    ("reason", "over"),
    [
        ("WRONG_ISSUER", {"iss": "https://evil.example"}),
        ("WRONG_ISSUER", {"iss": None}),
        ("WRONG_CODE", {"code": "code-of-another"}),
        ("REFUSED_BY_PROVIDER", {"code": None, "error": "access_denied"}),
        ("REFUSED_BY_PROVIDER", {"code": None}),
    ],
    ids=["of-another-provider", "of-an-unnamed-provider", "another-code", "denied", "no-code"],
)
async def test_an_answer_that_is_not_the_providers_is_refused(
    lodge: Lodge, reason: str, over: dict[str, str | None]
) -> None:
    await lodge.refused(reason, **over)
    sent = [one["code"] for one in lodge.provider.redeemed]
    assert sent == ([] if reason != "WRONG_CODE" else ["code-of-another"]), "a code is for the provider only"


async def test_a_provider_that_does_not_name_itself_need_not(lodge: Lodge) -> None:
    lodge.provider.metadata["authorization_response_iss_parameter_supported"] = None
    assert (await lodge.come_back(iss=None)).status_code == 303
    lodge.http.cookies.clear()
    await lodge.refused("WRONG_ISSUER", iss="https://evil.example")


async def test_somebody_who_is_not_linked_is_refused_and_never_made(lodge: Lodge) -> None:
    judge = lodge.house.judge.username
    lodge.provider.subject = "somebody-else"
    lodge.provider.claims = {"email": f"{judge}@court.example", "email_verified": True, "preferred_username": judge}
    with lodge.house.service.engine.connect() as connection:
        before = connection.scalar(sa.select(sa.func.count()).select_from(StaffLogin))
        await lodge.refused("UNKNOWN_SUBJECT")
        assert connection.scalar(sa.select(sa.func.count()).select_from(StaffLogin)) == before
    lodge.provider.subject = "7F3C91E2"
    await lodge.refused("UNKNOWN_SUBJECT")


async def test_who_has_left_or_is_no_longer_linked_is_refused(lodge: Lodge) -> None:
    await lodge.come_back()
    with lodge.house.service.engine.begin() as connection:
        unlink_login(connection, lodge.house.judge.username, lodge.house.moment())
    await lodge.refused("UNKNOWN_SUBJECT")
    lodge.link()
    with lodge.house.service.engine.begin() as connection:
        remove_staff(connection, lodge.house.judge.username, lodge.house.moment())
    await lodge.refused("UNKNOWN_SUBJECT")


async def test_a_link_is_of_one_account_and_is_recorded(lodge: Lodge) -> None:
    lodge.link("another")
    told, judge = lodge.told(), lodge.house.judge.username
    assert (told.act, told.subject, told.before["subject"], told.after["subject"]) == (
        "LOGIN_LINKED", f"account {judge}", "7f3c91e2", "another",
    )  # fmt: skip
    name = f"{judge}.2"
    with lodge.house.service.engine.begin() as connection:
        add_staff(connection, Account("李法官", name, StaffRole.JUDGE, "浙0281"))
    with pytest.raises(AccountError, match="is linked to another account"):
        lodge.link("another", name)
    with pytest.raises(AccountError, match="linked to no login"), lodge.house.service.engine.begin() as connection:
        unlink_login(connection, name, lodge.house.moment())
    with pytest.raises(AccountError, match="1 to 255 characters"):
        lodge.link("")


# --- the browser ------------------------------------------------------------------------------------------------------


async def lost(lodge: Lodge, query: dict[str, str]) -> None:
    """Nothing is begun, recorded or asked of the provider."""
    last, asked = lodge.told(), list(lodge.provider.redeemed)
    page = await lodge.http.get(CALLBACK, params=query)
    assert (page.status_code, "begun in another browser" in page.text) == (400, True)
    assert (lodge.told(), lodge.provider.redeemed) == (last, asked)


async def test_a_callback_in_another_browser_signs_nobody_in(lodge: Lodge) -> None:
    query = lodge.provider.approve(await lodge.start())
    lodge.http.cookies.clear()
    await lost(lodge, query)
    await lodge.start()
    await lost(lodge, query)


async def test_a_callback_works_once_and_for_ten_minutes(lodge: Lodge) -> None:
    query = lodge.provider.approve(await lodge.start())
    assert (await lodge.http.get(CALLBACK, params=query)).status_code == 303
    await lost(lodge, query)
    late = lodge.provider.approve(await lodge.start())
    lodge.house.service.clock.now += 601
    await lost(lodge, late)


@pytest.mark.parametrize("state", ["", "x" * 43, "x" * 5000, "\u0661"], ids=["empty", "unknown", "long", "arabic"])
async def test_an_unknown_state_is_refused(lodge: Lodge, state: str) -> None:
    await lodge.start()
    await lost(lodge, {"code": "code-0", "state": state, "iss": PROVIDER})


async def test_an_id_token_of_one_attempt_is_of_no_use_in_another(lodge: Lodge) -> None:
    """A code that was injected: its ID token has the nonce of the attempt that it was issued for."""
    stolen = lodge.provider.approve(await lodge.start())["code"]
    await lodge.refused("WRONG_NONCE", code=stolen)


async def test_the_session_is_new_and_that_of_before_is_not_taken_over(lodge: Lodge) -> None:
    lodge.http.cookies.set("__Host-suxin-session", "fixed" * 8)
    await lodge.come_back()
    values = [one.value for one in lodge.http.cookies.jar if one.name == "__Host-suxin-session"]
    assert "fixed" * 8 not in values[-1:]


def test_what_is_sent_says_nothing_of_what_is_kept() -> None:
    made, other = BrowserAttempt.of("s", "browser"), BrowserAttempt.of("t", "browser")
    assert len({made.nonce, made.verifier, other.nonce, other.verifier}) == 4
    assert made != BrowserAttempt.of("s", "another")


async def test_the_database_keeps_neither_state_nor_cookie(lodge: Lodge) -> None:
    location = await lodge.start()
    secrets = [lodge.provider.approve(location)["state"], lodge.http.cookies["__Host-suxin-csrf"]]
    with lodge.house.service.engine.connect() as connection:
        rows = repr(connection.execute(sa.select(OpenIdAttempt.__table__)).all())
    assert not any(one in rows for one in secrets)


# --- a provider that is away ------------------------------------------------------------------------------------------


async def test_while_the_provider_is_away_passwords_do(lodge: Lodge) -> None:
    lodge.provider.away = True
    page = await lodge.http.get(START)
    assert (page.status_code, "sign in with your password" in page.text) == (503, True)
    told = lodge.told()
    assert (told.act, told.reason) == ("SIGN_IN", "PROVIDER_AWAY")
    assert (await lodge.http.get(START)).status_code == 503
    assert (lodge.told().id, len(lodge.provider.fetched)) == (told.id, 1), "asked and recorded once in ten seconds"
    assert (await lodge.house.sign_in(lodge.house.attempt())).status_code == 303
    lodge.provider.away = False
    assert (await lodge.http.get(START)).status_code == 503
    lodge.house.service.clock.now += 10
    await lodge.start()


async def test_a_provider_that_goes_away_meanwhile_is_told_of(lodge: Lodge) -> None:
    query = lodge.provider.approve(await lodge.start())
    lodge.provider.away = True
    page = await lodge.http.get(CALLBACK, params=query)
    assert (page.status_code, lodge.told().reason) == (503, "PROVIDER_AWAY")
    lodge.provider.away, lodge.provider.status = False, 502
    lodge.house.service.clock.now += 10
    page = await lodge.come_back()
    assert (page.status_code, lodge.told().reason) == (503, "PROVIDER_AWAY")


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": f"{PROVIDER}/"},
        {"token_endpoint": "http://login.court.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=["another-issuer", "no-tls", "no-keys", "no-address"],
)
async def test_a_wrong_discovery_document_is_none(lodge: Lodge, metadata: dict[str, Any]) -> None:
    lodge.provider.metadata = metadata
    assert (await lodge.http.get(START)).status_code == 503


async def test_a_wrong_set_of_keys_replaces_none(lodge: Lodge) -> None:
    assert (await lodge.come_back()).status_code == 303
    right, lodge.provider.key = lodge.provider.key, OTHER
    lodge.provider.published = ["none"]
    lodge.house.service.clock.now += 31
    assert (await lodge.come_back()).status_code == 503
    lodge.provider.key, lodge.provider.published = right, None
    lodge.house.service.clock.now += 10
    assert (await lodge.come_back()).status_code == 303


async def test_where_passwords_are_off_they_are_refused(lodge: Lodge) -> None:
    page = await lodge.http.get(path(lodge.house.attempt().query()))
    assert 'name="password"' in page.text
    let_in(lodge.house.service, lodge.provider.make(replace(TERMS, only=True)))
    off = await lodge.http.get(path(lodge.house.attempt().query()))
    assert ('name="password"' in off.text, START in off.text) == (False, True)
    form = {"csrf": lodge.http.cookies["__Host-suxin-csrf"], "username": lodge.house.judge.username}
    sent = await lodge.http.post(
        path(lodge.house.attempt().query()), data=form | {"password": lodge.house.judge.password}
    )
    assert (sent.status_code, lodge.told().reason) == (401, "PASSWORDS_OFF")
    lodge.provider.away = True
    lodge.house.service.clock.now += 3600
    assert "passwords are not accepted here" in (await lodge.http.get(START)).text


async def test_without_a_provider_there_is_no_button_and_no_page(house: House) -> None:
    assert START not in (await house.http.get(path(house.attempt().query()))).text
    assert (await house.http.get(START)).status_code == 404
    assert (await house.http.get(CALLBACK, params={"state": "x", "code": "y"})).status_code == 400
