"""The OpenAPI document says what the service does: each documented answer is provoked, and compared."""

import gzip
import io
import json
import re
import textwrap
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import sqlalchemy as sa
from browser import Attempt, path
from bulk import CASES, Bulk
from conftest import City
from documented import ADDRESS, Documented, read_committed
from graphql import parse
from joserfc.jwk import import_key
from look_ups import document, key_of
from openapi_spec_validator import validate
from sequencing import write_log
from starlette.routing import Route, WebSocketRoute
from world import NOW, World

from auth.audiences import Audience
from auth.log_key import load_signer
from auth.server.token_client import ClientCredential, sign_client_assertion
from casework.transparency.receipts import open_receipt
from demo.city.cast import CHEN, FORGE
from demo.clients import REDIRECT_URI
from openapi.operation import ApiRoute
from pages.developers.bruno import keep_braces, list_files
from pages.developers.openapi import describe_service
from postgres.database import make_async_engine

EXAMPLES = Path(__file__).parents[2] / "examples"
FORM_PATHS = {
    "requestToken": "/oauth/token",
    "pushAuthorizationRequest": "/oauth/par",
    "replaceKeys": "/oauth/keys",
    "revokeToken": "/oauth/revoke",
    "introspectToken": "/oauth/introspect",
}
ISSUE = """mutation($input: IssueIntegrityReportInput!) { issueIntegrityReport(input: $input) {
  integrityReport { id } address errors { code } } }"""
REVOKE = """mutation($input: RevokeIntegrityReportInput!) { revokeIntegrityReport(input: $input) {
  errors { code } } }"""
VIEWER = {"query": "{ viewer { audience } }"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FILE = json.dumps(key_of(FORGE))
JSON_LINES = {"content-type": "application/jsonl"}


@pytest.fixture(scope="module")
def documented(world: World) -> Documented:
    """The document of the running service."""
    return Documented(world.http.get("/developers/openapi.json").json())


def signed(world: World, audience: Audience, **form: str) -> dict[str, str]:
    """A form with the credentials of a demo client."""
    client = world.clients[audience]
    credential = ClientCredential(world.issuer, client.client_id, dict(client.key))
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assertion = sign_client_assertion(credential, NOW.timestamp())
    return {"client_assertion_type": kind, "client_assertion": assertion, **form}


def test_the_committed_document_is_that_of_the_routes(world: World) -> None:
    committed = read_committed(ADDRESS)
    validate(committed)
    register = committed["paths"].pop("/oauth/register")
    assert register["post"]["operationId"] == "registerClient"
    found = describe_service(world.app.routes, ADDRESS)
    for gone in committed["components"]["schemas"].keys() - found["components"]["schemas"].keys():
        assert gone in {"JoinedClient", "JoiningClient"}
        del committed["components"]["schemas"][gone]
    assert found == committed


def test_every_route_has_operations_or_is_a_page(world: World) -> None:
    others = [route for route in world.app.routes if not isinstance(route, ApiRoute)]
    assert [route.path for route in others if isinstance(route, WebSocketRoute)] == ["/graphql"]
    undescribed = [route for route in others if isinstance(route, Route) and route.include_in_schema]
    assert [route.path for route in undescribed] == []
    (graphql,) = (route for route in world.app.routes if isinstance(route, ApiRoute) and route.path == "/graphql")
    assert graphql.methods == {"GET", "HEAD", "POST"}


def test_names_of_operations_are_names_of_functions_and_no_two_the_same(documented: Documented) -> None:
    names = [one["operationId"] for item in documented.document["paths"].values() for one in item.values()]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name[0].islower() for name in names)


def test_the_document_is_public_and_names_where_it_stands(world: World) -> None:
    page = world.http.get("/developers").text
    assert 'href="/developers/openapi.json"' in page
    served = world.http.get("/developers/openapi.json")
    assert served.headers["content-type"] == "application/json"
    assert served.json()["servers"] == [{"url": world.issuer}]


def test_well_known_addresses_stand_before_the_path_of_the_service(world: World) -> None:
    found = describe_service(world.app.routes, "https://court.example/suxin")["paths"]
    assert found["/.well-known/oauth-authorization-server"]["servers"] == [{"url": "https://court.example"}]
    assert "servers" not in found["/oauth/token"]


@pytest.mark.parametrize("name", FORM_PATHS)
def test_forms_that_cannot_be_used_are_refused_as_documented(world: World, documented: Documented, name: str) -> None:
    address, post = FORM_PATHS[name], world.http.post
    documented.check(name, 400, post(f"{address}?scope=event.read", data={"grant_type": "client_credentials"}))
    documented.check(name, 401, post(address, data={"grant_type": "client_credentials", "token": "t"}))
    documented.check(name, 413, post(address, data={"grant_type": "x" * 40_000}))
    headers = {"content-encoding": "gzip", "content-type": "application/x-www-form-urlencoded"}
    documented.check(name, 415, post(address, content=gzip.compress(b"grant_type=x"), headers=headers))
    chinese = documented.check(name, 400, post(address, headers={"accept-language": "zh"}, content=b""))
    assert "message" in chinese.json()


def test_tokens_are_issued_described_and_revoked(world: World, documented: Documented) -> None:
    bank, post = Audience.BANK, world.http.post
    form = signed(world, bank, grant_type="client_credentials")
    token = documented.check("requestToken", 200, post("/oauth/token", data=form)).json()["access_token"]
    described = post("/oauth/introspect", data=signed(world, bank, token=token))
    assert documented.check("introspectToken", 200, described).json()["active"] is True
    headers = {"accept": "application/token-introspection+jwt"}
    proof = post("/oauth/introspect", data=signed(world, bank, token=token), headers=headers)
    documented.check("introspectToken", 200, proof)
    documented.check("revokeToken", 200, post("/oauth/revoke", data=signed(world, bank, token=token)))
    unknown = post("/oauth/introspect", data=signed(world, bank, token=token))
    assert documented.check("introspectToken", 200, unknown).json() == {"active": False}


def test_keys_are_replaced_and_published(world: World, documented: Documented) -> None:
    commerce = world.clients[Audience.COMMERCE]
    public = import_key(dict(commerce.key)).as_dict(private=False)
    sent = signed(world, Audience.COMMERCE, jwks=json.dumps({"keys": [public]}))
    documented.check("replaceKeys", 200, world.http.post("/oauth/keys", data=sent))
    documented.check("signingKeys", 200, world.http.get("/oauth/jwks.json"))
    documented.check("openApi", 200, world.http.get("/developers/openapi.json"))
    documented.check("readSchema", 200, world.http.get("/developers/schema/bank.graphql"))
    for name in ("serverMetadata", "serverMetadata1", "resourceMetadata", "resourceMetadata1"):
        documented.check(name, 200, world.http.get(documented.find(name)[1]))


async def test_staff_sign_in_as_documented(world: World, documented: Documented, signed_out: None) -> None:
    attempt, get = Attempt(world.clients[Audience.COURT].client_id), world.http.get
    asked = attempt.query(redirect_uri=REDIRECT_URI)
    pushed = world.http.post("/oauth/par", data=signed(world, Audience.COURT, **dict(parse_qsl(asked))))
    assert documented.check("pushAuthorizationRequest", 201, pushed).json()["expires_in"] == 300
    documented.check("authorize", 200, get(path(asked)))
    documented.check("authorize", 400, get(path("client_id=nobody")))
    wrong = attempt.query(redirect_uri=REDIRECT_URI, response_type="token")
    back = documented.check("authorize", 303, get(path(wrong), follow_redirects=False))
    assert "error=unsupported_response_type" in back.headers["location"]


def test_graphql_is_answered_and_refused_as_documented(world: World, documented: Documented) -> None:
    token, strict = world.token(Audience.BANK), {"accept": "application/graphql-response+json"}
    documented.check("ask", 200, world.post(token, VIEWER))
    documented.check("ask", 200, world.post(token, {"query": "{"}))
    documented.check("ask", 400, world.post(token, {"query": "{"}, **strict))
    documented.check("ask", 401, world.post(None, VIEWER))
    narrow = world.token(Audience.BANK, "catalogue.read")
    documented.check("ask", 403, world.post(narrow, {"query": "{ watches(first: 1) { nodes { id } } }"}))
    documented.check("ask", 413, world.post(token, {"query": "#" * 70_000}))
    told = {"authorization": f"Bearer {token}", "content-type": "text/plain"}
    documented.check("ask", 415, world.http.post("/graphql", content="{}", headers=told))


def by_address(world: World, token: str | None, query: str, **headers: str) -> Any:
    """The answer to a request by GET."""
    sent = {"authorization": f"Bearer {token}"} if token else {}
    return world.http.get("/graphql", params={"query": query}, headers=sent | headers)


def test_graphql_by_address_is_answered_and_refused_as_documented(world: World, documented: Documented) -> None:
    token, strict = world.token(Audience.BANK), {"accept": "application/graphql-response+json"}
    documented.check("askByAddress", 200, by_address(world, token, "{ __typename }"))
    documented.check("askByAddress", 400, by_address(world, token, "{", **strict))
    documented.check("askByAddress", 401, by_address(world, None, "{ __typename }"))
    narrow = world.token(Audience.BANK, "organization.read")
    documented.check("askByAddress", 403, by_address(world, narrow, "{ watches(first: 1) { nodes { id } } }"))
    documented.check("askByAddress", 405, by_address(world, token, "{ watches(first: 1) { nodes { id } } }"))


def test_files_are_taken_as_documented(world: World, documented: Documented) -> None:
    def upload(content: bytes | str, **headers: str) -> Any:
        return world.http.post("/uploads", content=content, headers=JSON_LINES | headers)

    own = {"authorization": f"Bearer {world.token(Audience.BANK)}"}
    narrow = {"authorization": f"Bearer {world.token(Audience.BANK, 'bulk.read')}"}
    documented.check("uploadFile", 201, upload(FILE, **own))
    documented.check("uploadFile", 400, upload(b"\xff", **own))
    documented.check("uploadFile", 401, upload(FILE))
    documented.check("uploadFile", 403, upload(FILE, **narrow))
    documented.check("uploadFile", 413, upload("x" * 5000, **own))
    documented.check("uploadFile", 415, upload(FILE, **own | {"content-type": "text/plain"}))


def test_links_for_developers_are_made_as_documented(world: World, documented: Documented) -> None:
    def ask(authorization: str | None) -> Any:
        return world.http.post("/developers/sign-in", headers={"authorization": authorization} if authorization else {})

    documented.check("requestSignInLink", 201, ask(f"Bearer {world.token(Audience.BANK)}"))
    documented.check("requestSignInLink", 400, ask("Basic eDp5"))
    documented.check("requestSignInLink", 401, ask(None))
    documented.check("requestSignInLink", 403, ask(f"Bearer {world.token(Audience.LITIGANT_PORTAL)}"))


async def test_files_are_sent_as_documented(bulk: Bulk, documented: Documented) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await bulk.run(operation)
    address, get = bulk.address(operation), bulk.world.http.get
    documented.check("downloadFile", 200, get(address))
    documented.check("downloadFile", 206, get(address, headers={"range": "bytes=0-3"}))
    documented.check("downloadFile", 404, get("/downloads/invented"))
    documented.check("downloadFile", 416, get(address, headers={"range": "bytes=99999999-"}))


def test_reports_are_shown_as_documented(world: World, documented: Documented) -> None:
    given = {"name": CHEN.name, "idNumber": CHEN.number, "scopes": ["person.credit.read"]}
    issued = world.data(Audience.LITIGANT_PORTAL, ISSUE, {"input": given})["issueIntegrityReport"]
    for suffix in ("", ".json", ".pdf", ".jws"):
        documented.check("showReport", 200, world.http.get(issued["address"] + suffix))
    documented.check("showReport", 404, world.http.get("/reports/invented"))
    documented.check("showReport", 404, world.http.get(f"/reports/SR{'-AAAA' * 7}.json"))
    world.data(Audience.LITIGANT_PORTAL, REVOKE, {"input": {"id": issued["integrityReport"]["id"]}})
    for suffix in ("", ".json"):
        documented.check("showReport", 410, world.http.get(issued["address"] + suffix))


async def test_the_log_is_read_as_documented(
    world: World, documented: Documented, database_copy: sa.URL, city: City
) -> None:
    get, post = world.http.get, world.http.post
    for name in ("readCheckpoint", "readCosigned"):
        documented.check(name, 404, get(documented.find(name)[1]))
    variables = {"by": key_of(FORGE), "access": {"purpose": "LOAN_APPROVAL"}}
    asked = {"query": document(Audience.BANK), "variables": variables, "extensions": {"receipt": True}}
    answer = documented.check("ask", 200, world.post(world.token(Audience.BANK), asked)).json()
    signer = load_signer(city.settings.log_key_file, city.settings.log_origin)
    ((at, leaf),) = open_receipt(answer["extensions"]["receipt"], [signer.key]).leaves
    engine = make_async_engine(database_copy, pool_size=1, statement_timeout=60)
    await write_log(engine, signer)
    await engine.dispose()
    note = documented.check("readCheckpoint", 200, get("/log/checkpoint")).text
    size = int(note.splitlines()[1])
    documented.check("readConsistency", 200, get(f"/log/consistency/1/{size}"))
    documented.check("readConsistency", 404, get(f"/log/consistency/1/{size + 1}"))
    documented.check("readTile", 200, get("/log/tile/entries/000" if size > 255 else f"/log/tile/entries/000.p/{size}"))
    documented.check("readTile", 404, get("/log/tile/invented"))
    documented.check("readRotation", 404, get("/log/rotation/1"))
    moment = (at - EPOCH) // timedelta(microseconds=1)
    documented.check("readInclusion", 200, get(f"/log/inclusion/{moment}/{leaf.hex()}"))
    documented.check("readInclusion", 404, get(f"/log/inclusion/1/{'0' * 64}"))
    documented.check("addCosignatures", 400, post("/log/cosignatures", content="no note"))
    documented.check("addCosignatures", 403, post("/log/cosignatures", content=note))
    documented.check("addCosignatures", 413, post("/log/cosignatures", content="x" * 200_000))


def test_checks_answer_as_documented(world: World, documented: Documented) -> None:
    for name in ("isAlive", "isReady", "readMetrics"):
        documented.check(name, 200, world.http.get(documented.find(name)[1]))


def test_without_a_database_everything_answers_as_documented(world: World, documented: Documented) -> None:
    world.app.gate.close("The database is away.")
    try:
        for name, statuses in documented.list_operations().items():
            method, address, _ = documented.find(name)
            if 503 in statuses and name != "isAlive":
                documented.check(name, 503, world.http.request(method, address))
    finally:
        world.app.gate.open()


def read_blocks(text: str) -> dict[str, str]:
    """The blocks of a file of the Bru language, by name."""
    found = re.findall(r"^([\w:-]+) \{\n(.*?)^\}$", text, re.MULTILINE | re.DOTALL)
    return {name: textwrap.dedent(lines) for name, lines in found}


def test_the_collection_has_every_operation_and_every_example(world: World, documented: Documented) -> None:
    files = dict(list_files(world.app.routes, world.issuer))
    named = {read_blocks(text)["meta"].splitlines()[0] for path, text in files.items() if "type: http" in text}
    asked = documented.list_operations().keys() - {"ask", "askByAddress"}
    assert named == {f"name: {name}" for name in asked}
    for audience in Audience:
        for example in (EXAMPLES / audience.lower()).glob("*.graphql"):
            blocks = read_blocks(files[f"{audience}/{example.stem}.bru"])
            assert parse(blocks["body:graphql"], no_location=True) == parse(example.read_text(), no_location=True)
            assert "{{" not in blocks["body:graphql"]
            assert "}}" not in blocks["body:graphql"]
            if example.with_suffix(".json").exists():
                assert json.loads(blocks["body:graphql:vars"]) == json.loads(example.with_suffix(".json").read_text())


def test_the_collection_is_sent_with_the_address_and_without_secrets(world: World, documented: Documented) -> None:
    sent = documented.check("brunoCollection", 200, world.http.get("/developers/bruno.zip"))
    with zipfile.ZipFile(io.BytesIO(sent.content)) as archive:
        names = archive.namelist()
        environment = archive.read("suxin/environments/Sandbox.bru").decode()
    assert len(names) == len(set(names))
    assert all(name.startswith("suxin/") for name in names)
    assert read_blocks(environment) == {"vars": f"address: {world.issuer}\nclientId:\n"}
    assert "vars:secret [\n  privateKey,\n  proofKey\n]" in environment


def test_braces_in_a_row_are_parted() -> None:
    """Bruno takes them for a variable of its own (usebruno/bruno#1333)."""
    assert keep_braces("{ a(by: {b: {c: 1}}) { d } }") == "{ a(by: {b: {c: 1} }) { d } }"
    assert keep_braces("{{{x}}}") == "{ { {x} } }"


def test_every_documented_answer_was_provoked(documented: Documented) -> None:
    """It runs last. What depends on load has tests of its own, and so have a broken log and its witnesses."""
    elsewhere = {"readCosigned": {200}, "readRotation": {200}, "addCosignatures": {200, 404}, "isAlive": {503}}
    left = {
        name: sorted(statuses - documented.produced[name] - {429, 500} - elsewhere.get(name, set()))
        for name, statuses in documented.list_operations().items()
    }
    assert {name: statuses for name, statuses in left.items() if statuses} == {}
