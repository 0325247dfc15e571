"""The token, revocation, introspection and metadata endpoints (RFC 6749, 7009, 7662, 8414, 8693, 9068, 9728)."""

import asyncio
import base64
import gzip
import json
import logging
import os
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from generated import sized
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet
from oauth_clients import ISSUER, NUMBER, START, Service, SigningClient, refusal

from auth.access_token import encode_subject
from auth.audiences import Audience
from auth.clients.authentication import ASSERTION_TYPE, NO_CREDENTIALS
from auth.metadata import list_server_metadata_paths
from auth.scopes import Scope
from auth.server.grants import ACCESS_TOKEN_TYPE, TokenExchange
from auth.server.subject_token import SUBJECT_TOKEN_TYPE
from models.documents import DocumentKind, make_document_key
from models.issued_token import AssertionUse, IssuedToken
from postgres import database


def decoded(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    return json.loads(header), json.loads(claims)


# --- client credentials ---------------------------------------------------------------------------------------------


@pytest.mark.fapi_accepts("5.3.2.1-2", "5.3.2.1-9", "5.3.2.1-14")
async def test_client_credentials_give_an_access_token_as_rfc_9068_says(service: Service) -> None:
    bank = service.register(scopes=[Scope.CATALOGUE, Scope.ORGANIZATION])
    response = await service.token(bank, scope="catalogue.read")
    body = response.json()
    token = body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 300, "scope": "catalogue.read"}
    assert response.headers["cache-control"] == "no-store"
    header, claims = decoded(token)
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": service.server.signing.jwks()["keys"][1]["kid"]}
    assert len(claims.pop("jti")) == 24
    assert claims == {
        "iss": ISSUER,
        "aud": f"{ISSUER}/graphql",
        "sub": bank.client_id,
        "client_id": bank.client_id,
        "iat": START,
        "exp": START + 300,
        "scope": "catalogue.read",
    }


async def test_a_secret_gives_a_token_too(service: Service) -> None:
    response = await service.ask({"grant_type": "client_credentials"}, auth=service.register_pilot())
    assert response.json()["scope"] == "catalogue.read organization.read"


async def test_a_missing_scope_means_all_that_the_client_may_ask_for(service: Service) -> None:
    """Stock authlib would issue a token without any scope."""
    bank = service.register(scopes=[Scope.ORGANIZATION, Scope.CATALOGUE])
    for form in ({}, {"scope": ""}):
        assert (await service.token(bank, **form)).json()["scope"] == "catalogue.read organization.read"


@pytest.mark.fapi_refuses("5.3.2.1-14")
@pytest.mark.parametrize(
    ("scope", "named"),
    [
        ("catalogue.read self.read", "Not allowed: self.read."),
        ("catalogue.read no.such", "Not allowed: no.such."),
        ("organization.read", "Not allowed: organization.read."),
        ("catalogue.read  catalogue.read", "single spaces"),
        ("catalogue.read ", "single spaces"),
        ("catalogue.read\u00e9", "scope names"),
        ('"', "scope names"),
        ("x" * 65, "scope names"),
        (" ".join(["x"] * 33), "at most 32"),
    ],
)
async def test_a_scope_is_refused_by_name_and_never_narrowed(service: Service, scope: str, named: str) -> None:
    response = await service.token(service.register(scopes=[Scope.CATALOGUE]), scope=scope)
    assert refusal(response) == (400, "invalid_scope")
    assert named in response.json()["error_description"]


async def test_a_pilot_client_that_was_allowed_persons_loses_them_with_the_setting(service: Service) -> None:
    """The rule holds at every token, not only at registration."""
    client_id, secret = service.register_pilot()
    with service.engine.begin() as connection:
        update = sa.text("update client set scopes = '{catalogue.read,person.credit.read}' where client_id = :id")
        connection.execute(update, {"id": client_id})
    form = {"grant_type": "client_credentials"}
    asked = await service.ask(form | {"scope": "person.credit.read"}, auth=(client_id, secret))
    assert refusal(asked) == (400, "invalid_scope")
    assert (await service.ask(form, auth=(client_id, secret))).json()["scope"] == "catalogue.read"
    service.server.allow_pilot_persons = True
    assert "person.credit.read" in (await service.ask(form, auth=(client_id, secret))).json()["scope"]


@pytest.mark.parametrize("name", ["resource", "audience"])
async def test_only_the_graphql_endpoint_is_a_target(service: Service, name: str) -> None:
    bank = service.register()
    assert (await service.token(bank, **{name: f"{ISSUER}/graphql"})).status_code == 200
    assert refusal(await service.token(bank, **{name: "https://evil.example"})) == (400, "invalid_target")


@pytest.mark.fapi_refuses("5.3.2.1-2", "5.3.2.1-9")
@pytest.mark.parametrize(
    ("grant", "code"),
    [("password", "unsupported_grant_type"), ("refresh_token", "unsupported_grant_type"), ("", "invalid_request")],
)
async def test_other_grants_are_refused(service: Service, grant: str, code: str) -> None:
    """Whatever is sent with them."""
    form = {"grant_type": grant, "username": "x", "password": "x", "refresh_token": "x"}
    response = await service.token(service.register(), **form)
    assert refusal(response) == (400, code)
    assert "grant_type" in response.json()["error_description"]


# --- token exchange -------------------------------------------------------------------------------------------------


@pytest.fixture
def portal(service: Service) -> SigningClient:
    return service.register(Audience.LITIGANT_PORTAL)


async def test_a_portal_acts_for_the_person_it_has_signed_in(service: Service, portal: SigningClient) -> None:
    response = await service.exchange(portal, portal.subject(service.clock), scope="self.read")
    body = response.json()
    index = service.server.keyring.index(NUMBER)
    _, claims = decoded(body.pop("access_token"))
    expected = {"token_type": "Bearer", "expires_in": 300, "scope": "self.read", "issued_token_type": ACCESS_TOKEN_TYPE}
    assert body == expected
    assert claims["sub"] == encode_subject(index)
    assert claims["act"] == {"client_id": portal.client_id}
    with service.engine.connect() as connection:
        stored = sa.select(IssuedToken.subject_index).where(IssuedToken.jti == claims["jti"])
        assert connection.scalar(stored) == index


async def test_spellings_of_a_number_are_one_subject(service: Service, portal: SigningClient) -> None:
    subjects = set()
    for number in ("11010519491231002X", " 11010519491231002x "):
        response = await service.exchange(portal, portal.subject(service.clock, id_number=number))
        subjects.add(decoded(response.json()["access_token"])[1]["sub"])
    assert len(subjects) == 1


async def test_a_user_is_known_by_another_document(service: Service, portal: SigningClient) -> None:
    """As imports and look-ups hash it: with its kind (R22)."""
    user = portal.subject(service.clock, id_number=" e1234 5678", id_type="PASSPORT")
    response = await service.exchange(portal, user)
    _, claims = decoded(response.json()["access_token"])
    assert claims["sub"] == encode_subject(
        service.server.keyring.index(make_document_key(DocumentKind.PASSPORT, "E12345678"))
    )


async def test_a_portal_without_a_subject_holds_no_right_to_a_person(service: Service, portal: SigningClient) -> None:
    assert (await service.token(portal)).json()["scope"] == "catalogue.read organization.read"
    for scope in ("self.read", "person.credit.read", "person.integrity.read", "procedure.read"):
        response = await service.token(portal, scope=scope)
        assert refusal(response) == (400, "invalid_scope")
        assert f"Not allowed: {scope}." in response.json()["error_description"]


async def test_an_exchange_never_widens_scopes(service: Service) -> None:
    portal = service.register(Audience.LITIGANT_PORTAL, [Scope.SELF])
    for scope in ("self.read procedure.read", "register.read", "audit.read"):
        response = await service.exchange(portal, portal.subject(service.clock), scope=scope)
        assert refusal(response) == (400, "invalid_scope")


@pytest.mark.parametrize(
    "over",
    [
        {"aud": f"{ISSUER}/oauth/token"},
        {"aud": [ISSUER]},
        {"aud": None},
        {"iss": "other"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"name": None},
        {"name": ["张三"]},
        {"name": "张\ud800"},
        {"name": "张\x00"},
        {"name": "张\n三"},
        {"sub": "\x00"},
        {"sub": "u\udfff"},
        {"act": {"sub": ["\x00"]}},
        {"id_number": None},
        {"id_number": 330281199003077596},
        {"id_number": "   "},
        {"id_number": "330281199003077594"},
        {"id_type": "DRIVING_LICENCE"},
        {"id_type": ["PASSPORT"]},
        {"id_number": "张三", "id_type": "PASSPORT"},
        {"iat": None},
        {"iat": START + 11},
        {"nbf": START + 11},
        {"exp": START},
        {"exp": START + 311},
        {"exp": None},
        {"exp": True},
        {"exp": float("nan")},
        {"jti": None},
        {"jti": "a\x00b"},
        {"jti": "x" * 257},
    ],
)
async def test_a_subject_token_is_refused(service: Service, portal: SigningClient, over: dict[str, Any]) -> None:
    response = await service.exchange(portal, portal.subject(service.clock, **over))
    assert refusal(response) == (400, "invalid_request")
    reason = response.json()["error_description"].removeprefix("subject_token was not accepted: ")
    assert next(iter(over)) in reason
    assert NUMBER not in response.text


async def test_a_subject_token_is_good_for_one_exchange(service: Service, portal: SigningClient) -> None:
    subject = portal.subject(service.clock)
    assert (await service.exchange(portal, subject)).status_code == 200
    response = await service.exchange(portal, subject)
    assert refusal(response) == (400, "invalid_request")
    assert "jti was used" in response.json()["error_description"]


async def test_a_subject_token_must_be_signed_by_the_portal_that_sends_it(
    service: Service, portal: SigningClient
) -> None:
    other = service.register(Audience.LITIGANT_PORTAL)
    foreign = other.subject(service.clock)
    forged = portal.subject(service.clock, key=other.key)
    named = portal.subject(service.clock, key=other.key, header={"kid": portal.key.kid})
    for subject in (foreign, forged, named, "", "a.b.c"):
        assert refusal(await service.exchange(portal, subject)) == (400, "invalid_request")


async def test_a_client_assertion_is_no_subject_token_and_the_other_way_round(
    service: Service, portal: SigningClient
) -> None:
    assertion = portal.subject(service.clock, sub=portal.client_id)
    response = await service.exchange(portal, assertion)
    assert refusal(response) == (400, "invalid_request")
    assert "sub must be the user" in response.json()["error_description"]
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": portal.subject(service.clock)}
    assert refusal(await service.ask(form | {"grant_type": "client_credentials"})) == (401, "invalid_client")


async def test_only_litigant_portals_exchange(service: Service) -> None:
    bank = service.register()
    assert refusal(await service.exchange(bank, bank.subject(service.clock))) == (400, "unauthorized_client")


@pytest.mark.parametrize(
    "form",
    [
        {"subject_token_type": ACCESS_TOKEN_TYPE},
        {"subject_token_type": ""},
        {"actor_token": "x", "actor_token_type": SUBJECT_TOKEN_TYPE},
        {"actor_token_type": SUBJECT_TOKEN_TYPE},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
    ],
)
async def test_an_exchange_of_another_kind_is_refused(
    service: Service, portal: SigningClient, form: dict[str, str]
) -> None:
    response = await service.exchange(portal, portal.subject(service.clock), **form)
    assert refusal(response) == (400, "invalid_request")


async def test_an_exchange_for_another_target_is_refused(service: Service, portal: SigningClient) -> None:
    response = await service.exchange(portal, portal.subject(service.clock), audience="https://evil.example")
    assert refusal(response) == (400, "invalid_target")


# --- requests that are no requests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
async def test_malformed_requests_are_refused_before_anything_else(service: Service, path: str) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    for content, headers, status in (
        (b"scope=a&scope=b", form, 400),
        (b"grant_type=client_credentials&grant_type=", form, 400),
        (b"a=" + b"x" * 40_000, form, 413),
        (b"&".join(b"p%d=1" % n for n in range(65)), form, 400),
        (b"a=%ff", form, 400),
        (b"a=\xff", form, 400),
        (b"a=%00", form, 400),
        (b"%0a=1", form, 400),
        (b'{"grant_type": "client_credentials"}', {"content-type": "application/json"}, 400),
        (b"grant_type=client_credentials", {}, 400),
    ):
        response = await service.http.post(path, content=content, headers=headers)
        assert refusal(response) == (status, "invalid_request"), content[:40]


async def test_an_encoded_form_is_told_which_encodings_are_taken(service: Service) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", "content-encoding": "gzip"}
    response = await service.http.post("/oauth/token", content=gzip.compress(b"a=1"), headers=headers)
    assert refusal(response) == (415, "invalid_request")
    assert response.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
async def test_nothing_is_read_from_the_url(service: Service, path: str) -> None:
    bank = service.register()
    form = bank.form(service.clock) | {"grant_type": "client_credentials", "token": "x"}
    response = await service.http.post(path, params=form, data={"x": "1"})
    assert refusal(response) == (400, "invalid_request")
    assert "in the body" in response.json()["error_description"]
    assert (await service.http.get(path)).status_code == 405


async def test_the_host_header_changes_nothing(service: Service) -> None:
    bank = service.register()
    response = await service.ask(
        {"grant_type": "client_credentials"} | bank.form(service.clock), headers={"host": "evil.example"}
    )
    assert decoded(response.json()["access_token"])[1]["iss"] == ISSUER


async def test_plain_http_behind_a_proxy_is_the_issuer_s_https(service: Service) -> None:
    """authlib refuses plain http with an error outside of its own handling, so the URL is never the one received."""
    bank = service.register()
    form = {"grant_type": "client_credentials"} | bank.form(service.clock)
    assert (await service.ask(form, "http://10.0.0.7:8000/oauth/token")).status_code == 200
    assert "AUTHLIB_INSECURE_TRANSPORT" not in os.environ


async def test_a_database_that_does_not_answer_is_503(service: Service) -> None:
    bank = service.register()
    service.server.engine = database.make_sync_engine(sa.make_url("postgresql://nobody@127.0.0.1:1/none"))
    response = await service.token(bank)
    assert refusal(response) == (503, "temporarily_unavailable")
    assert response.headers["retry-after"] == "5"


# --- revocation and introspection -------------------------------------------------------------------------------------


async def inspect(service: Service, client: SigningClient, token: str) -> Any:
    response = await service.ask(client.form(service.clock) | {"token": token}, "/oauth/introspect")
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_client_inspects_and_revokes_its_own_token(service: Service) -> None:
    bank = service.register(scopes=[Scope.CATALOGUE])
    token = await service.access_token(bank)
    described = await inspect(service, bank, token)
    _, claims = decoded(token)
    assert described == claims | {"active": True, "token_type": "Bearer"}
    for hint in ("access_token", "nonsense"):
        form = bank.form(service.clock) | {"token": token, "token_type_hint": hint}
        assert (await service.ask(form, "/oauth/revoke")).status_code == 200
    assert await inspect(service, bank, token) == {"active": False}


@pytest.mark.fapi_accepts("MS-5.5-1")
async def test_a_description_is_signed_for_a_client_that_accepts_that(service: Service) -> None:
    """RFC 9701: typ keeps it apart from access tokens, aud is the client that asks."""
    bank = service.register()
    token = await service.access_token(bank, scope="catalogue.read")
    accepts = {"accept": "application/token-introspection+jwt"}
    form = {"token": token} | bank.form(service.clock)
    response = await service.ask(form, "/oauth/introspect", headers=accepts)
    assert response.headers["content-type"] == "application/token-introspection+jwt"
    assert response.headers["cache-control"] == "no-store"
    keys = KeySet.import_key_set(service.server.signing.jwks())  # type: ignore[arg-type]
    signed = jwt.decode(response.text, keys, algorithms=["ES256"])
    described = signed.claims.pop("token_introspection")
    assert signed.header["typ"] == "token-introspection+jwt"
    assert signed.claims == {"iss": ISSUER, "aud": bank.client_id, "iat": START}
    assert (described["active"], described["scope"]) == (True, "catalogue.read")
    assert service.server.read_token(response.text) is None, "it is no access token"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/token-introspection+jwt;q=0", "application/json"),
        ("application/token-introspection+jwt;q=0.1, application/json", "application/json"),
        ("Application/Token-Introspection+JWT, application/json;q=0.5", "application/token-introspection+jwt"),
    ],
)
async def test_a_description_is_signed_as_the_client_prefers(service: Service, accept: str, media_type: str) -> None:
    bank = service.register()
    form = {"token": "x"} | bank.form(service.clock)
    response = await service.ask(form, "/oauth/introspect", headers={"accept": accept})
    assert (response.status_code, response.headers["content-type"]) == (200, media_type)


@pytest.mark.fapi_refuses("MS-5.5-1")
async def test_a_description_of_nothing_is_signed_and_a_refusal_is_not(service: Service) -> None:
    bank, accepts = service.register(), {"accept": "application/token-introspection+jwt"}
    form = {"token": "x"} | bank.form(service.clock)
    response = await service.ask(form, "/oauth/introspect", headers=accepts)
    assert decoded(response.text)[1]["token_introspection"] == {"active": False}
    refused = await service.ask({"token": "x"}, "/oauth/introspect", headers=accepts)
    assert (refusal(refused), refused.json()["error_description"]) == ((401, "invalid_client"), NO_CREDENTIALS)


async def test_an_exchanged_token_is_described_with_its_actor(service: Service, portal: SigningClient) -> None:
    token = (await service.exchange(portal, portal.subject(service.clock))).json()["access_token"]
    assert (await inspect(service, portal, token))["act"] == {"client_id": portal.client_id}


async def test_tokens_of_others_can_be_neither_inspected_nor_revoked(service: Service) -> None:
    bank, other = service.register(), service.register()
    token = await service.access_token(bank)
    assert await inspect(service, other, token) == {"active": False}
    response = await service.ask(other.form(service.clock) | {"token": token}, "/oauth/revoke")
    assert refusal(response) == (400, "invalid_grant")
    assert (await inspect(service, bank, token))["active"] is True


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "....", "x" * 5000, "é"])
async def test_an_unknown_token_is_inactive_and_revoked_already(service: Service, token: str) -> None:
    """Stock authlib answers a token that is no JWT with Python's None, and refuses to revoke a JWT."""
    bank = service.register()
    assert await inspect(service, bank, token) == {"active": False}
    response = await service.ask(bank.form(service.clock) | {"token": token}, "/oauth/revoke")
    assert (response.status_code, response.json()) == (200, {})


async def test_an_expired_token_is_inactive(service: Service) -> None:
    bank = service.register()
    token = await service.access_token(bank)
    service.clock.now += 300
    assert await inspect(service, bank, token) == {"active": False}


@pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
async def test_token_management_needs_a_client_and_a_token(service: Service, path: str) -> None:
    bank = service.register()
    assert refusal(await service.ask({"token": "x"}, path)) == (401, "invalid_client")
    assert refusal(await service.ask(bank.form(service.clock), path)) == (400, "invalid_request")
    pilot = service.register_pilot()
    assert (await service.ask({"token": "x"}, path, auth=pilot)).status_code == 200


# --- metadata ---------------------------------------------------------------------------------------------------------


@pytest.mark.fapi_accepts("5.3.2.1-1")
async def test_the_server_describes_itself(service: Service) -> None:
    response = await service.http.get("/.well-known/oauth-authorization-server")
    document = response.json()
    AuthorizationServerMetadata(document).validate()
    assert document["response_types_supported"] == ["code"]
    assert document["authorization_endpoint"] == f"{ISSUER}/oauth/authorize"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["issuer"] == ISSUER
    assert document["token_endpoint"] == f"{ISSUER}/oauth/token"
    assert document["scopes_supported"] == sorted(Scope)
    assert document["grant_types_supported"] == ["client_credentials", TokenExchange.GRANT_TYPE, "authorization_code"]
    assert document["token_endpoint_auth_methods_supported"] == ["private_key_jwt", "client_secret_basic"]
    assert "RS256" not in document["token_endpoint_auth_signing_alg_values_supported"]
    assert response.headers["cache-control"] == "public, max-age=300"


async def test_the_server_says_how_tokens_are_bound_and_requests_pushed(service: Service) -> None:
    document = (await service.http.get("/.well-known/oauth-authorization-server")).json()
    assert document["pushed_authorization_request_endpoint"] == f"{ISSUER}/oauth/par"
    assert document["require_pushed_authorization_requests"] is False, "pilots may send them by the browser"
    assert document["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA", "Ed25519"]
    resource = (await service.http.get("/.well-known/oauth-protected-resource/graphql")).json()
    assert resource["dpop_signing_alg_values_supported"] == document["dpop_signing_alg_values_supported"]
    assert resource["dpop_bound_access_tokens_required"] is False, "pilots may use bearer tokens"
    assert document["service_documentation"] == resource["resource_documentation"] == f"{ISSUER}/oauth/documentation"
    page = await service.http.get("/oauth/documentation")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for said in ("/oauth/token", "/oauth/par", "/oauth/keys", "ES256, PS256, EdDSA, Ed25519", f"{ISSUER}/graphql"):
        assert said in page.text


@pytest.mark.fapi_refuses("5.3.2.1-1")
async def test_the_server_offers_nothing_that_the_profile_forbids(service: Service) -> None:
    document = (await service.http.get("/.well-known/oauth-authorization-server")).json()
    assert not {"password", "implicit", "refresh_token"}.intersection(document["grant_types_supported"])
    assert not {"none", "client_secret_post"}.intersection(document["token_endpoint_auth_methods_supported"])
    for name, values in document.items():
        if "_alg_values_" in name:
            assert set(values) <= {"ES256", "PS256", "EdDSA", "Ed25519"}, name
    assert (await service.http.post("/.well-known/oauth-authorization-server")).status_code == 405


async def test_clients_of_openid_connect_find_the_same_description(service: Service) -> None:
    """openid-client looks there unless it is told otherwise; all that it demands of it is the issuer."""
    found = await service.http.get("/.well-known/openid-configuration")
    assert found.json() == (await service.http.get("/.well-known/oauth-authorization-server")).json()
    assert found.headers["cache-control"] == "public, max-age=300"


def test_a_service_below_a_path_is_described_where_clients_look() -> None:
    assert list_server_metadata_paths("https://court.example/credit") == [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/credit",
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/credit",
        "/credit/.well-known/openid-configuration",
    ]


async def test_the_graphql_endpoint_is_described(service: Service) -> None:
    for path in ("/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/graphql"):
        document = (await service.http.get(path)).json()
        assert document["resource"] == f"{ISSUER}/graphql"
        assert document["authorization_servers"] == [ISSUER]
        assert document["bearer_methods_supported"] == ["header"]


async def test_published_keys_are_public_and_named(service: Service) -> None:
    keys = (await service.http.get("/oauth/jwks.json")).json()["keys"]
    assert [sorted(key) for key in keys] == [["alg", "crv", "kid", "kty", "use", "x", "y"]] * 2


# --- what is kept and what is said ------------------------------------------------------------------------------------


async def test_expired_rows_are_forgotten(service: Service) -> None:
    bank = service.register()
    await service.token(bank)
    service.clock.now += 4_000
    await service.token(bank)
    with service.engine.connect() as connection:
        for table in (IssuedToken, AssertionUse):
            stale = sa.select(sa.func.count()).where(table.expires_at < sa.func.to_timestamp(service.clock.now))
            assert connection.scalar(stale.select_from(table)) == 0


async def test_no_log_line_holds_a_token_a_secret_or_a_number(
    service: Service, portal: SigningClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Stock authlib logs each token that it issues at DEBUG."""
    caplog.set_level(logging.DEBUG)
    for name in ("authlib", "authlib.oauth2.rfc6749.grants.client_credentials", "suxin.oauth"):
        caplog.set_level(logging.DEBUG, name)
    subject, pilot = portal.subject(service.clock), service.register_pilot()
    token = (await service.exchange(portal, subject)).json()["access_token"]
    await service.exchange(portal, subject)
    await service.ask({"grant_type": "client_credentials"}, auth=pilot)
    await inspect(service, portal, token)
    assert "issued to" in caplog.text
    for secret in (subject.split(".")[2], token.split(".")[2], pilot[1], NUMBER, "张三"):
        assert secret not in caplog.text


async def test_an_assertion_stays_used_when_the_request_is_refused(service: Service) -> None:
    """The transaction is committed on OAuth errors, too: else a refused assertion could be replayed."""
    bank = service.register(scopes=[Scope.CATALOGUE])
    form = {"grant_type": "client_credentials", "scope": "audit.read"} | bank.form(service.clock)
    assert refusal(await service.ask(form)) == (400, "invalid_scope")
    assert refusal(await service.ask(form | {"scope": ""})) == (401, "invalid_client")


async def test_of_parallel_uses_of_one_assertion_one_wins(service: Service) -> None:
    form = {"grant_type": "client_credentials"} | service.register().form(service.clock)
    statuses = [response.status_code for response in await asyncio.gather(*(service.ask(form) for _ in range(8)))]
    assert sorted(statuses) == [200] + [401] * 7


NAMES = [
    *("grant_type", "scope", "client_id", "client_secret", "client_assertion", "client_assertion_type"),
    *("subject_token", "subject_token_type", "actor_token", "resource", "audience", "token", "token_type_hint"),
    *("jwks", "request_uri", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "dpop_jkt"),
]
VALUES = st.one_of(
    st.sampled_from(["client_credentials", TokenExchange.GRANT_TYPE, ASSERTION_TYPE, SUBJECT_TOKEN_TYPE, "a.b.c"]),
    st.text(max_size=40),
    st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode() + ".e30.AA"),
)


@pytest.mark.generated
@sized(100)
@given(
    path=st.sampled_from(["/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/par", "/oauth/keys"]),
    proof=st.one_of(st.none(), st.sampled_from(["", "a.b.c", "e30.e30.AA"]), VALUES),
    form=st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=5)), VALUES, max_size=6),
    authorization=st.one_of(st.none(), st.binary(max_size=40)),
    own=st.booleans(),
)
async def test_no_request_is_a_server_error(
    service: Service, path: str, form: dict[str, str], authorization: bytes | None, own: bool, proof: str | None
) -> None:
    headers = {} if authorization is None else {"authorization": "Basic " + base64.b64encode(authorization).decode()}
    if proof is not None:
        headers["dpop"] = quote(proof, safe=".")
    if own:
        form = form | service.register(Audience.LITIGANT_PORTAL).form(service.clock)
    response = await service.http.post(path, data=form, headers=headers)
    assert response.status_code in {200, 400, 401}
    if response.status_code != 200:
        refusal(response)
