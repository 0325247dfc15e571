"""Sixty typical mistakes, over HTTP, in both languages: a refusal names code, place and remedy, and is told in the
language of the caller."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect
from world import ISSUER, World

from auth.audiences import Audience
from demo.city.cast import CHEN
from languages.negotiation import Language
from languages.words import read_error_kinds, read_oauth_kinds
from transport.websockets import LONGEST_REASON, tell_reason

HAN = re.compile("[\u4e00-\u9fff]")
KEY = {"name": CHEN.name, "idNumber": CHEN.number}
ACCESS = {"purpose": "LOAN_APPROVAL"}
CHECK = "query ($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) { outcome } }"
STATISTICS = "query ($of: StatisticsSource!) { statistics(of: $of, %s, first: 10) { count } }"


@dataclass(frozen=True)
class Mistake:
    """A document with a mistake. code: of the answer. names: what its message names, in each language."""

    audience: Audience
    query: str
    code: str
    names: str
    variables: Mapping[str, Any] = field(default_factory=dict)


def bank(query: str, code: str, names: str, **variables: Any) -> Mistake:
    return Mistake(Audience.BANK, query, code, names, variables)


def court(query: str, code: str, names: str, **variables: Any) -> Mistake:
    return Mistake(Audience.COURT, query, code, names, variables)


def check(code: str, names: str, **over: Any) -> Mistake:
    return bank(CHECK, code, names, by=KEY | over, access=ACCESS)


DOCUMENTS = [
    bank("{", "SYNTAX_ERROR", "<EOF>"),
    bank("{ viewer { name }", "SYNTAX_ERROR", "<EOF>"),
    bank("{ viewer { name } ?", "SYNTAX_ERROR", "?"),
    bank("{ viewer(a: ) { name } }", "SYNTAX_ERROR", ")"),
    bank('{ viewer(a: "b) { name } }', "SYNTAX_ERROR", ""),
    bank("{ viewr { name } }", "INVALID_DOCUMENT", "viewer"),
    bank("{ viewer { nam } }", "INVALID_DOCUMENT", "name"),
    bank("{ viewer }", "INVALID_DOCUMENT", "viewer"),
    bank("{ viewer { name { first } } }", "INVALID_DOCUMENT", "name"),
    bank("{ viewer(id: 1) { name } }", "INVALID_DOCUMENT", "id"),
    bank("{ subject { outcome } }", "INVALID_DOCUMENT", "by"),
    bank("{ viewer { ...Name } }", "INVALID_DOCUMENT", "Name"),
    bank("{ viewer { name } } fragment Name on Viewer { name }", "INVALID_DOCUMENT", "Name"),
    bank("{ viewer { ...A } } fragment A on Viewer { ...A }", "INVALID_DOCUMENT", "A"),
    bank("{ viewer { ... on Court { name } } }", "INVALID_DOCUMENT", "Court"),
    bank("{ viewer { ... on Vewer { name } } }", "INVALID_DOCUMENT", "Viewer"),
    bank("query ($by: SubjctKey!) { subject(by: $by) { outcome } }", "INVALID_DOCUMENT", "SubjectKey"),
    bank("query ($by: SubjectKey!) { viewer { name } }", "INVALID_DOCUMENT", "$by"),
    bank("{ viewer { name @inclde(if: true) } }", "INVALID_DOCUMENT", "@inclde"),
    bank("{ viewer { name @include(if: true) @include(if: true) } }", "INVALID_DOCUMENT", "@include"),
    bank("{ viewer { name @include } }", "INVALID_DOCUMENT", "if"),
    bank("{ viewer { a: name a: clientId } }", "INVALID_DOCUMENT", "'a'"),
    bank("query ($a: Int) { events(first: $a) { nodes { kind } } } query ($b: Int) { viewer { name } }",
         "OPERATION_NOT_FOUND", "operationName"),
    bank("query A { viewer { name } } query B { viewer { name } }", "OPERATION_NOT_FOUND", "operationName"),
    bank("{ __schema { queryType { name } } viewer { name } }", "INVALID_DOCUMENT", ""),
    bank("subscription { events { kind } }", "INVALID_DOCUMENT", "WebSocket"),
    bank("{ events(filter: {kind: LISTED}, first: 1) { nodes { kind } } }", "INVALID_DOCUMENT", "LIST_ADDED"),
    bank('{ events(filter: {kind: "LIST_ADDED"}, first: 1) { nodes { kind } } }', "INVALID_DOCUMENT", "LIST_ADDED"),
    bank('{ events(filter: {since: "yesterday"}, first: 1) { nodes { kind } } }', "INVALID_DOCUMENT", "DateTime"),
    bank('{ events(first: "1") { nodes { kind } } }', "INVALID_DOCUMENT", "Int"),
    bank("{ " + " ".join(f"a{place}: viewer {{ name }}" for place in range(25)) + " }", "DOCUMENT_TOO_COMPLEX", "20"),
    bank("{ viewer { name } " + " " * 17_000 + "}", "DOCUMENT_TOO_LARGE", "16384"),
]  # fmt: skip

VALUES = [
    bank(CHECK, "BAD_VARIABLES", "$by", access=ACCESS),
    bank(CHECK, "BAD_VARIABLES", "$by", by=None, access=ACCESS),
    bank(CHECK, "BAD_VARIABLES", "SubjectKey", by="x", access=ACCESS),
    bank(CHECK, "BAD_VARIABLES", "name", by={"nam": "x"}, access=ACCESS),
    bank(CHECK, "BAD_VARIABLES", "purpose", by=KEY, access={}),
    bank(CHECK, "BAD_VARIABLES", "LOAN_APPROVAL", by=KEY, access={"purpose": "LOAN"}),
    check("BAD_VARIABLES", ".name", name=5),
    check("BAD_VARIABLES", "MAIN_BORROWER", relation="BORROWER"),
    check("BAD_INPUT", "name", name=" "),
    check("BAD_INPUT", "organizationCode", idNumber=None),
    check("BAD_INPUT", "organizationCode", organizationCode="91330281MA2AEXAM0X"),
    bank(CHECK, "PURPOSE_NOT_ALLOWED", "JUDICIAL", by=KEY, access={"purpose": "JUDICIAL"}),
    bank('{ node(id: "x") { id } }', "BAD_ID", ""),
    bank(f"{{ nodes(ids: {json.dumps(['x'] * 101)}) {{ id }} }}", "TOO_MANY_SUBJECTS", "100"),
    bank("{ events(first: 0) { nodes { kind } } }", "BAD_PAGE_SIZE", "`first`"),
    bank("{ events(first: 1000) { nodes { kind } } }", "BAD_PAGE_SIZE", "`first`"),
    bank('{ events(first: 1, after: "x") { nodes { kind } } }', "BAD_CURSOR", "`after`"),
    court('{ case(number: "x") { number } }', "BAD_CASE_NUMBER", "`number`"),
    court(STATISTICS.replace("10", "0") % "groupBy: []", "BAD_INPUT", "`first`", of="DEDUCTIONS"),
    court(STATISTICS % "groupBy: [VILLAGE]", "BAD_INPUT", "VILLAGE", of="DEDUCTIONS"),
    court(STATISTICS % 'filter: {fromDay: "2026-02-01", toDay: "2026-01-01"}', "BAD_INPUT", "`toDay`", of="DEDUCTIONS"),
    court(STATISTICS % "orderBy: {by: AMOUNT}", "BAD_INPUT", "AMOUNT", of="DEDUCTIONS"),
    court(STATISTICS % "monthsBefore: 12", "BAD_INPUT", "`monthsBefore`", of="DEDUCTIONS"),
    court(STATISTICS % 'filter: {asOf: "2026-01-01"}', "BAD_INPUT", "`asOf`", of="DEDUCTIONS"),
]  # fmt: skip

BODIES: list[tuple[str, bytes, dict[str, str], int]] = [
    ("BAD_JSON", b"{", {}, 400),
    ("BAD_REQUEST", b"[]", {}, 400),
    ("BAD_REQUEST", b"{}", {}, 400),
    ("BAD_REQUEST", b'{"query": 5}', {}, 400),
    ("BAD_REQUEST", b'{"query": "{ viewer { name } }", "variables": []}', {}, 400),
    ("UNSUPPORTED_MEDIA_TYPE", b"{}", {"content-type": "text/plain"}, 415),
    ("BODY_TOO_LARGE", b" " * 70_000, {}, 413),
    ("UNAUTHENTICATED", b"{}", {"authorization": ""}, 400),
    ("UNAUTHENTICATED", b"{}", {"authorization": "Bearer x"}, 401),
]


def assert_told(error: Mapping[str, Any], reply: Any, language: str, code: str) -> None:
    """An error has its code, and message and remedy in the language."""
    kind, extensions = read_error_kinds()[code], reply.json()["extensions"]
    assert error["extensions"]["code"] == code
    assert error["message"].endswith(("。", "？") if language == "zh" else (".", "?")), error["message"]
    assert extensions["remedy"] == (kind.remedy_zh if language == "zh" else kind.remedy)
    assert extensions["docUrl"].endswith(f"/errors/{code}")
    assert reply.headers["content-language"] == language


@pytest.mark.parametrize("mistake", [*DOCUMENTS, *VALUES], ids=lambda one: one.query[:40])
def test_a_mistake_is_told_in_the_caller_s_language(world: World, mistake: Mistake) -> None:
    asked = {"query": mistake.query, "variables": dict(mistake.variables)}
    places = []
    for language in ("en", "zh"):
        reply = world.post(world.token(mistake.audience), asked, **{"accept-language": language})
        error = reply.json()["errors"][0]
        assert_told(error, reply, language, mistake.code)
        assert mistake.names in error["message"]
        places.append((error.get("path"), error.get("locations")))
    assert places[0] == places[1]
    assert mistake.names or any(places[0]), "the place is a location, a path, or named in the message"


@pytest.mark.parametrize(("code", "body", "headers", "status"), BODIES)
def test_a_request_that_is_none_is_told_so_too(
    world: World, code: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    for language in ("en", "zh"):
        sent = {"authorization": f"Bearer {world.token(Audience.BANK)}", "content-type": "application/json"} | headers
        reply = world.http.post("/graphql", content=body, headers=sent | {"accept-language": language})
        assert reply.status_code == status
        assert_told(reply.json()["errors"][0], reply, language, code)


TOKEN = {"grant_type": "client_credentials"}
OAUTH: list[tuple[str, dict[str, str], str, str]] = [
    ("/oauth/token", {"scope": "x"}, "invalid_request", "grant_type"),
    ("/oauth/token", {"grant_type": "password"}, "unsupported_grant_type", "client_credentials"),
    ("/oauth/token", TOKEN, "invalid_client", "private_key_jwt"),
    ("/oauth/token", {**TOKEN, "client_assertion": "x"}, "invalid_client", "private_key_jwt"),
    ("/oauth/par", {"client_id": "x"}, "invalid_client", "private_key_jwt"),
    ("/oauth/introspect", {"token": "x"}, "invalid_client", "private_key_jwt"),
    ("/oauth/token?scope=x", TOKEN, "invalid_request", ""),
]


@pytest.mark.parametrize(("path", "form", "code", "names"), OAUTH)
def test_oauth_is_told_in_the_caller_s_language(
    world: World, path: str, form: dict[str, str], code: str, names: str
) -> None:
    """`error_description` has ASCII only (RFC 6749, section 5.2): a caller of another language reads `message`."""
    kind = read_oauth_kinds()[code]
    for language in ("en", "zh-CN"):
        reply = world.http.post(path, data=form, headers={"accept-language": language})
        body = reply.json()
        assert (body["error"], body["error_uri"]) == (code, f"{ISSUER}/errors/{code}")
        assert body["error_description"].isascii()
        assert body["error_description"].endswith(".")
        assert names in body["error_description"]
        if language == "en":
            assert "message" not in body
        else:
            assert body["message"].endswith("。")
            assert names in body["message"]
    page = world.http.get(f"/errors/{code}").text
    assert [text for text in (kind.meaning, kind.remedy, kind.meaning_zh, kind.remedy_zh) if text not in page] == []


FILES: list[tuple[str, str, bytes, str, int]] = [
    ("POST", "/uploads", b"", "UNAUTHENTICATED", 401),
    ("POST", "/uploads", b"{}", "UNSUPPORTED_MEDIA_TYPE", 415),
    ("GET", "/downloads/x", b"", "NOT_FOUND", 404),
    ("GET", "/log/tile/0/999", b"", "NOT_FOUND", 404),
    ("GET", "/log/inclusion/1/x", b"", "NOT_FOUND", 404),
    ("GET", "/log/consistency/0/1", b"", "NOT_FOUND", 404),
    ("GET", "/log/rotation/9", b"", "NOT_FOUND", 404),
    ("POST", "/log/cosignatures", b"x", "BAD_REQUEST", 400),
]


@pytest.mark.parametrize(("method", "path", "body", "code", "status"), FILES)
def test_files_and_the_log_are_told_in_the_caller_s_language(
    world: World, method: str, path: str, body: bytes, code: str, status: int
) -> None:
    kind, token = read_error_kinds()[code], {"authorization": f"Bearer {world.token(Audience.BANK)}"} if body else {}
    for language, remedy in (("en", kind.remedy), ("zh", kind.remedy_zh)):
        reply = world.http.request(method, path, content=body, headers={"accept-language": language, **token})
        told = reply.json()
        assert (reply.status_code, told["code"], told["docUrl"]) == (status, code, f"{ISSUER}/errors/{code}")
        assert (told["remedy"], reply.headers["content-language"]) == (remedy, language)
        assert bool(HAN.search(told["error"])) == (language == "zh")


def test_sockets_are_closed_with_a_reason_in_the_caller_s_language(world: World) -> None:
    reasons = []
    for language in ("en", "zh"):
        with (
            pytest.raises(WebSocketDisconnect) as closed,
            world.http.websocket_connect("/graphql", ["soap"], headers={"accept-language": language}),
        ):
            pass
        reasons.append((closed.value.code, closed.value.reason))
    assert reasons == [
        (4406, "Only graphql-transport-ws is spoken here."),
        (4406, "此处只使用 graphql-transport-ws 协议。"),
    ]


def test_subscriptions_are_told_in_the_caller_s_language(world: World) -> None:
    told = []
    for language in ("en", "zh"):
        headers = {"accept-language": language, "authorization": f"Bearer {world.token(Audience.BANK)}"}
        with world.http.websocket_connect("/graphql", ["graphql-transport-ws"], headers=headers) as socket:
            socket.send_json({"type": "connection_init"})
            assert socket.receive_json() == {"type": "connection_ack"}
            asked = {"query": "subscription { events { knd } }"}
            socket.send_json({"type": "subscribe", "id": "1", "payload": asked})
            (error,) = socket.receive_json()["payload"]
            told.append(error["message"])
            assert error["extensions"]["code"] == "INVALID_DOCUMENT"
    assert [bool(HAN.search(message)) for message in told] == [False, True]
    assert [message for message in told if "'knd'" not in message] == []


def test_reasons_of_sockets_fit_a_frame() -> None:
    for language in Language:
        reason = tell_reason("An address, and more. " * 9, language)
        assert len(reason.encode()) <= LONGEST_REASON


def test_pages_of_the_sign_in_tell_in_both_languages(world: World) -> None:
    for query in ("", "?client_id=x", "?client_id=x&client_id=y"):
        page = world.http.get(f"/oauth/authorize{query}")
        assert page.status_code == 400
        (told,) = re.findall(r"<p>(.*?)</p>", page.text)
        assert HAN.search(told)
        assert re.search("[a-z]{4}", told)


def test_there_are_sixty_mistakes() -> None:
    assert len(DOCUMENTS) + len(VALUES) + len(BODIES) >= 60
