"""POST /graphql as HTTP: tokens, bodies, methods, media types, deadlines; and the addresses beside it."""

import asyncio
import base64
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa
from conftest import City
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from world import ISSUER, NOW, World

from auth.audiences import Audience
from auth.clients.authentication import ASSERTION_TYPE
from auth.server.token_client import ClientCredential, sign_client_assertion
from demo.city.cast import CHEN
from server import create_app

METADATA = f'resource_metadata="{ISSUER}/.well-known/oauth-protected-resource/graphql"'
REALM = 'Bearer realm="suxin"'
STRICT = "application/graphql-response+json"
VIEWER = {"query": "{ viewer { clientId } }"}
PARTIES = {"query": "{ parties(first: 1) { nodes { name } } }"}


def refused(response: Any, status: int) -> list[tuple[str, str]]:
    """The errors of an answer without data, once all that is said of every error has been checked."""
    body = response.json()
    assert (response.status_code, list(body)) == (status, ["errors", "extensions"])
    assert (
        response.headers["x-request-id"]
        == body["extensions"]["requestId"]
        == str(UUID(response.headers["x-request-id"]))
    )
    assert response.headers["cache-control"] == "no-store"
    assert all(
        list(error) in (["message", "extensions"], ["message", "locations", "extensions"]) for error in body["errors"]
    )
    return [(error["message"], error["extensions"]["code"]) for error in body["errors"]]


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A bad request is the client's affair: nothing of it is logged, but for what a test expects and takes away."""
    yield
    assert caplog.get_records("call") == []


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The first line of each failure that was logged; taken away."""
    found = [message.partition("\n")[0] for message in caplog.messages]
    caplog.clear()
    return found


# --- tokens -----------------------------------------------------------------------------------------------------------

SEND_ONE = "Send one Authorization header: Bearer or DPoP, a space, the token."
SEND_SOME = "Send an access token: Authorization: Bearer TOKEN, or DPoP TOKEN with a proof."
PROOFS = 'DPoP realm="suxin", algs="ES256 PS256 EdDSA Ed25519"'
NOT_OURS = "The access token is expired, revoked or not ours. Get a new one."


def knock(world: World, *authorization: str) -> Any:
    headers = [("authorization", value) for value in authorization]
    return world.http.post("/graphql", json=VIEWER, headers=headers)


def test_without_a_token_the_answer_says_where_tokens_come_from(world: World) -> None:
    response = knock(world)
    assert refused(response, 401) == [(SEND_SOME, "UNAUTHENTICATED")]
    assert response.headers["www-authenticate"] == f"{REALM}, {METADATA}, {PROOFS}"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "token", "Bearer\tx"])
def test_another_header_is_refused(world: World, header: str) -> None:
    response = knock(world, header)
    assert refused(response, 400) == [(SEND_ONE, "UNAUTHENTICATED")]
    challenge = f'{REALM}, error="invalid_request", error_description="{SEND_ONE}", {METADATA}'
    assert response.headers["www-authenticate"] == challenge


def test_two_tokens_are_one_too_many(world: World) -> None:
    token = f"Bearer {world.token(Audience.BANK)}"
    assert refused(knock(world, token, token), 400) == [(SEND_ONE, "UNAUTHENTICATED")]


def unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "at+jwt"}).encode()).decode().rstrip("=")
    return f"{header}.{token.split('.')[1]}."


def altered(token: str) -> str:
    head, payload, signature = token.split(".")
    return f"{head}.{payload}.{'A' * len(signature)}"


GARBLED = {
    "garbage": lambda token: "garbage",
    "dots": lambda token: "..",
    "not ASCII": lambda token: "dé",
    "long": lambda token: "x" * 10_000,
    "cut": lambda token: token[:-9],
    "other signature": altered,
    "no signature": unsigned,
    "twice": lambda token: f"{token} {token}",
}


@pytest.mark.parametrize("garble", GARBLED.values(), ids=GARBLED)
def test_a_garbled_or_foreign_token_is_refused_in_one_sentence(world: World, garble: Any) -> None:
    token = garble(world.token(Audience.BANK))
    response = world.http.post(
        "/graphql", json=VIEWER, headers={b"authorization": b"Bearer " + token.encode("latin-1")}
    )
    assert refused(response, 401) == [(NOT_OURS, "UNAUTHENTICATED")]
    challenge = f'{REALM}, error="invalid_token", error_description="{NOT_OURS}", {METADATA}'
    assert response.headers["www-authenticate"] == challenge


def test_a_token_in_the_address_is_no_token(world: World) -> None:
    response = world.http.post(f"/graphql?access_token={world.token(Audience.BANK)}", json=VIEWER)
    assert refused(response, 401) == [(SEND_SOME, "UNAUTHENTICATED")]


@contextmanager
def nobody_told(world: World) -> Iterator[None]:
    """The database is silent about revocations."""
    switch = "ALTER TABLE issued_token {} TRIGGER tell_of_revocation"
    with world.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(switch.format("DISABLE")))
        try:
            yield
        finally:
            connection.execute(sa.text(switch.format("ENABLE")))


def revoke(world: World, audience: Audience, token: str) -> None:
    """As the client of this audience does it."""
    client = world.clients[audience]
    assertion = sign_client_assertion(ClientCredential(ISSUER, client.client_id, dict(client.key)), NOW.timestamp())
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, "token": token}
    assert world.http.post("/oauth/revoke", data=form).status_code == 200


def test_a_revoked_token_is_refused_at_once(world: World) -> None:
    """The worker that revokes it does not wait for the database to tell."""
    token = world.token(Audience.BANK, "catalogue.read")
    assert world.post(token, VIEWER).status_code == 200
    with nobody_told(world):
        revoke(world, Audience.BANK, token)
        assert refused(world.post(token, VIEWER), 401) == [(NOT_OURS, "UNAUTHENTICATED")]


def test_the_token_is_asked_for_before_the_body_is_read(world: World) -> None:
    response = world.http.post("/graphql", content=b"x" * 70_000, headers={"content-type": "text/plain"})
    assert refused(response, 401) == [(SEND_SOME, "UNAUTHENTICATED")]


# --- another service on the same database -----------------------------------------------------------------------------


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    engine: AsyncEngine = app.state.engine
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=ISSUER) as http:
        yield http
    await app.state.connections.close()
    await engine.dispose()


def another(
    world: World, city: City, later: timedelta = timedelta(0), url: sa.URL | None = None, **changes: Any
) -> Starlette:
    """The service on the same database, with other settings, at a later time."""
    return create_app(replace(city.settings, **changes), url or world.engine.url, lambda: NOW + later)


def bearer(world: World, audience: Audience = Audience.COURT) -> dict[str, str]:
    return {"authorization": f"Bearer {world.token(audience)}"}


async def test_an_expired_token_is_refused(world: World, city: City) -> None:
    async with serving(another(world, city, timedelta(seconds=301))) as http:
        response = await http.post("/graphql", json=VIEWER, headers=bearer(world))
    assert refused(response, 401) == [(NOT_OURS, "UNAUTHENTICATED")]


# --- deadlines and a database in trouble ------------------------------------------------------------------------------

TOO_LONG = [("This took too long. Ask for less, or try again.", "TIMEOUT")]
UNREACHABLE = [("The database is not reachable. Try again.", "UNAVAILABLE")]


@contextmanager
def locked(world: World, table: str) -> Iterator[None]:
    with world.engine.begin() as connection:
        connection.execute(sa.text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


@contextmanager
def slow_log(world: World) -> Iterator[None]:
    """Writing the access log takes a minute."""
    slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'"
    trigger = "CREATE TRIGGER slow BEFORE INSERT ON access_answer FOR EACH STATEMENT EXECUTE FUNCTION slow()"
    with world.engine.begin() as connection:
        connection.execute(sa.text(slow))
        connection.execute(sa.text(trigger))
    yield
    with world.engine.begin() as connection:
        connection.execute(sa.text("DROP FUNCTION slow CASCADE"))


async def recovered(http: httpx2.AsyncClient, world: World) -> None:
    """The one connection of the pool is free and clean."""
    response = await http.post("/graphql", json=PARTIES, headers=bearer(world))
    assert (response.status_code, list(response.json())) == (200, ["data", "extensions"])


async def test_a_lock_that_is_not_to_be_had_ends_the_request(world: World, city: City) -> None:
    async with serving(another(world, city, pool_size=1)) as http:
        with world.logged() as entries:
            with locked(world, "party"):
                response = await http.post("/graphql", json=PARTIES, headers=bearer(world))
            assert refused(response, 503) == TOO_LONG
            assert response.headers["retry-after"] == "1"
        assert entries == []
        await recovered(http, world)


async def test_a_statement_has_its_time(world: World, city: City) -> None:
    async with serving(another(world, city, pool_size=1, statement_timeout=1)) as http:
        with world.logged() as entries, slow_log(world):
            response = await http.post("/graphql", json=PARTIES, headers=bearer(world))
        assert (refused(response, 503), response.headers["retry-after"]) == (TOO_LONG, "1")
        assert entries == []
        await recovered(http, world)


async def test_a_request_has_its_time(world: World, city: City) -> None:
    async with serving(another(world, city, pool_size=1, statement_timeout=60, request_timeout=1)) as http:
        with world.logged() as entries, slow_log(world):
            response = await http.post("/graphql", json=PARTIES, headers=bearer(world))
        assert (refused(response, 503), response.headers["retry-after"]) == (TOO_LONG, "1")
        assert entries == []
        await recovered(http, world)


async def test_a_request_has_its_time_while_it_reads(world: World, city: City) -> None:
    """Without a lock timeout, a read waits for as long as its statement may take."""
    app = another(world, city, pool_size=1, statement_timeout=60, request_timeout=1)
    async with serving(app) as http:
        async with app.state.engine.connect() as connection:
            await connection.execute(sa.text("SET SESSION lock_timeout = 0"))
            await connection.commit()
        with locked(world, "party"):
            response = await http.post("/graphql", json=PARTIES, headers=bearer(world))
        assert (refused(response, 503), response.headers["retry-after"]) == (TOO_LONG, "1")
        await recovered(http, world)


async def test_a_full_pool_turns_away_and_is_free_again(world: World, city: City) -> None:
    async with serving(another(world, city, pool_size=1, statement_timeout=2)) as http:
        with slow_log(world):
            asked = [http.post("/graphql", json=PARTIES, headers=bearer(world)) for _ in range(3)]
            responses = await asyncio.gather(*asked)
        assert [refused(response, 503) for response in responses] == [TOO_LONG] * 3
        await recovered(http, world)


async def test_a_lost_connection_is_made_again(world: World, city: City, caplog: pytest.LogCaptureFixture) -> None:
    app = another(world, city, pool_size=1)
    async with serving(app) as http:
        async with app.state.engine.connect() as connection:
            process = await connection.scalar(sa.text("SELECT pg_backend_pid()"))
        with world.engine.begin() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:process)"), {"process": process})
        response = await http.post("/graphql", json=PARTIES, headers=bearer(world))
        assert (refused(response, 503), response.headers["retry-after"]) == (UNREACHABLE, "1")
        assert failures(caplog) == [f"request {response.headers['x-request-id']} failed with DBAPIError"]
        await recovered(http, world)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"database": "nowhere"}, "DBAPIError"),
        ({"host": "127.0.0.1", "port": 1, "query": {}}, "ConnectionRefusedError"),
    ],
    ids=["no such database", "no server"],
)
async def test_without_a_database_the_answer_says_so(
    world: World, city: City, caplog: pytest.LogCaptureFixture, change: Any, error: str
) -> None:
    async with serving(another(world, city, url=world.engine.url.set(**change))) as http:
        response = await http.post("/graphql", json=PARTIES, headers=bearer(world))
        ready = await http.get("/readyz")
        alive = await http.get("/livez")
    assert (refused(response, 503), response.headers["retry-after"]) == (UNREACHABLE, "1")
    told = {"status": "no database", "reason": f"The database does not answer: {error}."}
    assert (ready.status_code, ready.json(), ready.headers["retry-after"]) == (503, told, "1")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert len(failures(caplog)) == 1


async def test_what_nobody_expected_is_masked_and_logged_without_its_values(
    world: World, city: City, caplog: pytest.LogCaptureFixture
) -> None:
    query = "query ($name: String!) { parties(first: 1, filter: {name: $name}) { nodes { name } } }"
    async with serving(another(world, city, pool_size=1)) as http:
        with world.engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE party RENAME COLUMN name TO other"))
        body = {"query": query, "variables": {"name": CHEN.name}}
        response = await http.post("/graphql", json=body, headers=bearer(world))
        with world.engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE party RENAME COLUMN other TO name"))
        await recovered(http, world)
    assert refused(response, 500) == [("Something went wrong here. Quote the request id to us.", "INTERNAL")]
    assert (CHEN.name in caplog.text, "column" in caplog.text) == (False, False)
    assert failures(caplog) == [f"request {response.headers['x-request-id']} failed with UndefinedColumnError"]


def test_a_field_that_fails_leaves_its_siblings_and_the_connection(world: World) -> None:
    query = """query ($number: String!) {
        case(number: $number) { number } parties(first: 1) { nodes { name } } courts { code: name } }"""
    for _ in range(3):
        response = world.post(world.token(Audience.COURT), {"query": query, "variables": {"number": "x"}})
        answer = response.json()
        assert [(error["path"], error["extensions"]) for error in answer["errors"]] == [
            (["case"], {"code": "BAD_CASE_NUMBER"})
        ]
        assert answer["data"]["case"] is None
        assert len(answer["data"]["parties"]["nodes"]) == 1
        assert len(answer["data"]["courts"]) > 1


def test_a_field_that_fails_and_must_not_be_null_ends_the_answer_and_nothing_else(world: World) -> None:
    query = """{
        bad: parties(first: 0) { totalCount }
        good: parties(first: 1) { nodes { deductions(first: 1) { totalCount } } } }"""
    for _ in range(3):
        response = world.post(world.token(Audience.COURT), {"query": query})
        answer = response.json()
        assert (response.status_code, answer["data"]) == (200, None)
        assert [(error["path"], error["extensions"]) for error in answer["errors"]] == [
            (["bad"], {"code": "BAD_PAGE_SIZE"})
        ]
    assert world.data(Audience.COURT, PARTIES["query"])["parties"]["nodes"]


async def test_a_client_that_goes_away_is_let_go(world: World, city: City) -> None:
    app, sent = another(world, city, pool_size=1), list[Any]()
    messages = iter([{"type": "http.request", "body": b'{"query"', "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", bearer(world)["authorization"].encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/graphql", "headers": headers, "query_string": b""}
    async with serving(app) as http:
        await app(scope, receive, send)
        assert [message.get("status") for message in sent] == [400, None]
        await recovered(http, world)


# --- bodies -----------------------------------------------------------------------------------------------------------


def send(world: World, content: Any, media_type: str = "application/json") -> Any:
    headers = {"authorization": f"Bearer {world.token(Audience.BANK)}", "content-type": media_type}
    return world.http.post("/graphql", content=content, headers=headers)


def json_error(reason: str) -> tuple[str, str]:
    return f"The body is not JSON (RFC 8259): {reason} at line 1.", "BAD_JSON"


TYPENAME = b'{"query": "{ __typename }"'
NO_NUL = ("The body holds the character U+0000, which no text here can hold.", "BAD_REQUEST")
ONE_OBJECT = ("The body must be one JSON object; batches of requests are not taken.", "BAD_REQUEST")
NO_DOCUMENT = "Send `query`, the GraphQL document, or `documentId`, the identifier of a registered one."
NO_VALUE = "unexpected character, expected a JSON value"
BODIES = {
    "empty": (b"", json_error("Input is a zero-length, empty document")),
    "cut": (TYPENAME, json_error("unexpected end of data")),
    "no JSON": (b"query { viewer }", json_error(NO_VALUE)),
    "NaN": (TYPENAME + b', "variables": {"a": NaN}}', json_error(NO_VALUE)),
    "Infinity": (TYPENAME + b', "variables": {"a": Infinity}}', json_error(NO_VALUE)),
    "5,000 digits": (
        TYPENAME + b', "variables": {"a": ' + b"1" * 5_000 + b"}}",
        json_error("number is infinity when parsed as double"),
    ),
    "10,000 deep": (b'{"query": ' * 5_000 + b"[" * 5_000, json_error("depth limit exceeded")),
    "Latin-1": (b'{"query": "\xe9"}', json_error("str is not valid UTF-8: surrogates not allowed")),
    "UTF-16": ('{"query": "x"}'.encode("utf-16"), json_error("str is not valid UTF-8: surrogates not allowed")),
    "byte order mark": (b"\xef\xbb\xbf{}", json_error("UTF-8 byte order mark (BOM) is not supported")),
    "lone surrogate": (TYPENAME + b', "variables": {"a": "\\ud800"}}', json_error("no low surrogate in string")),
    "U+0000": (TYPENAME + b', "variables": {"a": "\\u0000"}}', NO_NUL),
    "U+0000 in a literal": (b'{"query": "{ node(id: \\"\\\\u0000\\") { id } }"}', NO_NUL),
    "U+0000 in braces": (b'{"query": "{ node(id: \\"\\\\u{0}\\") { id } }"}', NO_NUL),
    "U+0000 in disguise": (b'{"query": "{ node(id: \\"\\u005cu0000\\") { id } }"}', NO_NUL),
    "a batch": (b"[" + TYPENAME + b"}]", ONE_OBJECT),
    "a string": (b'"query"', ONE_OBJECT),
    "null": (b"null", ONE_OBJECT),
    "no query": (b"{}", (NO_DOCUMENT, "BAD_REQUEST")),
    "query: 5": (b'{"query": 5}', ("`query` must be a string: the GraphQL document.", "BAD_REQUEST")),
    "variables: []": (TYPENAME + b', "variables": []}', ("`variables` must be an object.", "BAD_REQUEST")),
    "operationName: 5": (TYPENAME + b', "operationName": 5}', ("`operationName` must be a string.", "BAD_REQUEST")),
    "extensions: 5": (TYPENAME + b', "extensions": 5}', ("`extensions` must be an object.", "BAD_REQUEST")),
    "variables 17 deep": (
        TYPENAME + b', "variables": ' + b'{"a": ' * 17 + b"1" + b"}" * 17 + b"}",
        ("`variables` are nested deeper than 16 levels.", "BAD_REQUEST"),
    ),
}


@pytest.mark.parametrize(("content", "told"), BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_request_is_refused(world: World, content: bytes, told: tuple[str, str]) -> None:
    assert refused(send(world, content), 400) == [told]


def test_a_backslash_may_stand_before_four_noughts(world: World) -> None:
    """As in the path of a file: neither JSON nor GraphQL reads U+0000 there."""
    query = 'query($n: String!) { a: __type(name: $n) { name } b: __type(name: "C:\\\\u0000") { name } }'
    answer = send(world, json.dumps({"query": query, "variables": {"n": "C:\\u0000"}}).encode())
    assert answer.json()["data"] == {"a": None, "b": None}
    for escaped in (b"\\\\\\u0000", b"\\\\\\\\\\u0000"):
        assert refused(send(world, TYPENAME + b', "variables": {"a": "%s"}}' % escaped), 400) == [NO_NUL]


@pytest.mark.parametrize(
    "members",
    [
        {"operationName": ""},
        {"operationName": None},
        {"documentId": ""},
        {"documentId": None},
        {"variables": None, "extensions": None},
        {"extensions": {"receipt": None, "persistedQuery": None}},
    ],
    ids=str,
)
def test_an_empty_text_and_null_are_as_if_they_were_not_sent(world: World, members: dict[str, Any]) -> None:
    answer = send(world, json.dumps({"query": "query A { __typename }"} | members).encode())
    assert (answer.status_code, answer.json().get("data")) == (200, {"__typename": "Query"})


def test_a_document_has_one_identifier(world: World) -> None:
    query = "{ __typename }"
    persisted = {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}
    body = {"query": query, "extensions": {"persistedQuery": persisted}}
    for document_id in (None, ""):
        answer = send(world, json.dumps(body | {"documentId": document_id}).encode()).json()
        assert answer["data"] == {"__typename": "Query"}
    told = "Send either `documentId` or `extensions.persistedQuery`."
    assert refused(send(world, json.dumps(body | {"documentId": "x"}).encode()), 400) == [(told, "BAD_REQUEST")]


@pytest.mark.parametrize(
    "media_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/graphql"],
)
def test_only_json_is_taken(world: World, media_type: str) -> None:
    told = ("Send JSON: Content-Type must be application/json.", "UNSUPPORTED_MEDIA_TYPE")
    assert refused(send(world, TYPENAME + b"}", media_type), 415) == [told]


def test_members_that_are_not_known_are_not_looked_at(world: World) -> None:
    answer = send(world, TYPENAME + b', "id": "x", "doc": {"a": [5]}, "Variables": 5}').json()
    assert answer["data"] == {"__typename": "Query"}
    assert by_get(world, query="{ __typename }", id="x").json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "identity, gzip"])
def test_an_encoded_body_is_told_which_encodings_are_taken(world: World, coding: str) -> None:
    headers = bearer(world) | {"content-type": "application/json", "content-encoding": coding}
    response = world.http.post("/graphql", content=gzip.compress(TYPENAME + b"}"), headers=headers)
    told = "Send the body as it is, without Content-Encoding: no other encoding than identity is taken."
    assert refused(response, 415) == [(told, "UNSUPPORTED_MEDIA_TYPE")]
    assert response.headers["accept-encoding"] == "identity"


def test_a_body_may_say_that_it_is_not_encoded(world: World) -> None:
    headers = bearer(world) | {"content-type": "application/json", "content-encoding": "identity"}
    answer = world.http.post("/graphql", content=TYPENAME + b"}", headers=headers).json()
    assert answer["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_may_say_its_charset(world: World, media_type: str) -> None:
    assert send(world, TYPENAME + b"}", media_type).json()["data"] == {"__typename": "Query"}


def test_a_body_is_bounded_whether_or_not_it_says_its_length(world: World) -> None:
    told = [("The body is larger than 65536 bytes.", "BODY_TOO_LARGE")]
    fits = TYPENAME + b"}" + b" " * (65_536 - len(TYPENAME) - 1)
    assert send(world, fits).status_code == 200
    assert refused(send(world, fits + b" "), 413) == told
    assert refused(send(world, iter([fits, b" "])), 413) == told


def test_of_a_repeated_member_the_last_counts(world: World) -> None:
    answer = send(world, b'{"query": "{", "query": "{ __typename }"}').json()
    assert answer["data"] == {"__typename": "Query"}


# --- methods, media types, addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_the_endpoint_takes_get_and_post(world: World, method: str) -> None:
    response = world.http.request(method, "/graphql", params={"query": "{ __typename }"}, headers=bearer(world))
    assert (response.status_code, set(response.headers["allow"].split(", "))) == (405, {"GET", "HEAD", "POST"})


def by_get(world: World, **params: str) -> Any:
    headers = {"authorization": f"Bearer {world.token(Audience.BANK)}"}
    return world.http.get("/graphql", params=params, headers=headers)


def test_the_schema_and_the_catalogue_are_read_by_get(world: World) -> None:
    assert by_get(world, query="{ __typename }").json()["data"] == {"__typename": "Query"}
    named = by_get(world, query="query($n: String!) { __type(name: $n) { name } }", variables='{"n": "Court"}')
    assert named.json()["data"] == {"__type": {"name": "Court"}}
    both = "query A { courts { code } } query B { behaviours { code } }"
    assert list(by_get(world, query=both, operationName="B").json()["data"]) == ["behaviours"]
    assert world.http.head("/graphql", params={"query": "{ __typename }"}, headers=bearer(world)).status_code == 200


@pytest.mark.parametrize("name", ["operationName", "variables", "extensions", "documentId"])
def test_an_empty_parameter_is_as_if_it_were_not_sent(world: World, name: str) -> None:
    """GraphQL over HTTP, 6.2."""
    answer = by_get(world, query="query A { __typename }", **{name: ""})
    assert (answer.status_code, answer.json().get("data")) == (200, {"__typename": "Query"})


@pytest.mark.parametrize(
    "query",
    [
        "{ events(first: 1) { nodes { id } } }",
        "{ courts { code } watches(first: 1) { totalCount } }",
        'mutation { unwatch(input: { references: ["x"] }) { errors { code } } }',
    ],
)
def test_nothing_about_anybody_stands_in_an_address(world: World, query: str) -> None:
    response = by_get(world, query=query)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"


def test_urql_is_told_how_to_ask_by_post(world: World) -> None:
    """It sends what fits into an address by GET, unless it is told otherwise."""
    query = "query Parties($first: Int!) { parties(first: $first) { nodes { name } } }"
    accept = "application/graphql-response+json, application/graphql+json, application/json, text/event-stream"
    params = {"query": query, "operationName": "Parties", "variables": '{"first":1}', "extensions": "{}"}
    response = world.http.get("/graphql", params=params, headers=bearer(world) | {"accept": accept})
    [(message, code)] = refused(response, 405)
    assert code == "METHOD_NOT_ALLOWED"
    assert message.startswith("Send this by POST (with urql: preferGetMethod: false)")


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({}, 400, "BAD_REQUEST"),
        ({"query": ""}, 400, "BAD_REQUEST"),
        ({"query": "{ __typename }", "variables": "{"}, 400, "BAD_JSON"),
        ({"query": "{ __typename }", "variables": "[]"}, 400, "BAD_REQUEST"),
    ],
)
def test_what_is_wrong_with_an_address_is_told(world: World, params: dict[str, str], status: int, code: str) -> None:
    response = by_get(world, **params)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("accept", "status", "media_type"),
    [
        ("*/*", 200, "application/json"),
        ("application/json", 200, "application/json"),
        (STRICT, 400, STRICT),
        (f"{STRICT}, application/json;q=0.9", 400, STRICT),
        (f"application/json, {STRICT}", 400, STRICT),
        ("Application/GraphQL-Response+JSON", 400, STRICT),
        (f"{STRICT};q=0, application/json", 200, "application/json"),
        (f"{STRICT};q=0.5, application/json", 200, "application/json"),
    ],
)
def test_the_client_chooses_the_media_type_and_with_it_the_status(
    world: World, accept: str, status: int, media_type: str
) -> None:
    response = world.post(world.token(Audience.BANK), {"query": "{"}, accept=accept)
    assert refused(response, status) == [("Syntax Error: Expected Name, found <EOF>.", "SYNTAX_ERROR")]
    assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
    response = world.post(world.token(Audience.BANK), VIEWER, accept=accept)
    assert (response.status_code, response.headers["content-type"]) == (200, f"{media_type}; charset=utf-8")
    assert response.headers["x-request-id"] == response.json()["extensions"]["requestId"]
    assert response.headers["cache-control"] == "no-store"


def test_all_lines_of_accept_are_read(world: World) -> None:
    lines = [*bearer(world).items(), ("accept", "application/json"), ("accept", STRICT)]
    response = world.http.post("/graphql", json={"query": "{"}, headers=httpx2.Headers(lines))
    assert (response.status_code, response.headers["content-type"]) == (400, f"{STRICT}; charset=utf-8")


def test_a_field_s_error_is_no_request_error(world: World) -> None:
    response = world.post(world.token(Audience.COURT), {"query": '{ case(number: "x") { number } }'}, accept=STRICT)
    assert (response.status_code, response.json()["data"]) == (200, {"case": None})


@pytest.mark.parametrize("path", ["/graphiql", "/graphql/", "/graphql/x", "/docs", "/.env", "/%00", "//graphql"])
def test_there_is_nothing_else(world: World, path: str) -> None:
    for method in ("GET", "POST"):
        response = world.http.request(method, f"{ISSUER}{path}", headers=bearer(world), follow_redirects=False)
        text = f"There is nothing at this address. Where to begin: {ISSUER}/ (没有此页面)"
        assert (response.status_code, response.text) == (404, text)


def test_health(world: World) -> None:
    alive, ready = world.http.get("/livez"), world.http.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()["status"], list(ready.json())) == (200, "ready", ["status", "milliseconds"])


def test_requests_have_ids_of_their_own(world: World) -> None:
    token = world.token(Audience.BANK)
    ids = {world.post(token, VIEWER, **{"x-request-id": "mine"}).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert "mine" not in ids
