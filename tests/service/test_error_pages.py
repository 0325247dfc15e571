"""The catalogue of error codes: complete, shown as pages, and named by replies."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from world import ISSUER, World

from auth.audiences import Audience
from casework.refusal import Code
from engine.load.errors import ExpectedError
from languages.words import read_error_kinds, read_oauth_kinds
from protocols.refusals import CODES

ROOT = Path(__file__).parents[2]
RAISED = {"RequestError": 1, "ThrottledError": None, "_refusal": None, "add_code": 1, "of": 2, "JsonError": 1}
"""Calls that name a code, and the position of it; None if it may be anywhere."""

OAUTH = {
    "access_denied",
    "insufficient_scope",
    "invalid_client",
    "invalid_client_metadata",
    "invalid_dpop_proof",
    "invalid_grant",
    "invalid_redirect_uri",
    "invalid_request",
    "invalid_request_object",
    "invalid_request_uri",
    "invalid_scope",
    "invalid_target",
    "invalid_token",
    "login_required",
    "request_not_supported",
    "server_error",
    "slow_down",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "unsupported_token_type",
    "use_dpop_nonce",
}
"""Codes of the RFCs of OAuth and of OpenID Connect."""

ELSEWHERE = {"unsupported_token_type", "insufficient_scope"}
"""Codes that authlib's endpoints for revocation and introspection answer with, and challenges of resources."""


def list_codes(folder: str) -> Iterator[str]:
    """The codes that the sources of a room name."""
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                yield from list_named(node)


def list_named(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if name in RAISED:
        place = RAISED[name]
        for given in call.args if place is None else call.args[place : place + 1]:
            if isinstance(given, ast.Constant) and isinstance(given.value, str) and given.value.isupper():
                yield given.value


def list_subclasses(kind: type[ExpectedError]) -> Iterator[type[ExpectedError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from list_subclasses(one)


def test_the_catalogue_has_all_codes_and_no_others() -> None:
    named = {code for folder in ("engine", "transport", "auth") for code in list_codes(folder)}
    expected = {one.code for one in list_subclasses(ExpectedError) if one.__module__.split(".")[0] != "tests"}
    others = {"DOCUMENT_TOO_COMPLEX", "BAD_REQUEST", "SYNTAX_ERROR"}  # named by extensions, and by default
    assert named | expected | {*Code} | {*CODES.values()} | others == set(read_error_kinds())


def test_the_catalogue_has_all_codes_of_oauth() -> None:
    named = set()
    for folder in ("auth", "demo"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in OAUTH:
                    named.add(node.value)
    assert named | ELSEWHERE == set(read_oauth_kinds())


@pytest.mark.parametrize("code", ["STALE_VERSION", "BAD_ID", "invalid_client"])
def test_a_code_has_a_page_in_both_languages(world: World, code: str) -> None:
    page, kind = world.http.get(f"/errors/{code}"), {**read_error_kinds(), **read_oauth_kinds()}[code]
    assert page.status_code == 200
    assert all(text in page.text for text in (code, kind.meaning, kind.remedy, kind.meaning_zh, kind.remedy_zh))
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_all_codes_are_on_one_page(world: World) -> None:
    page = world.http.get("/errors").text
    assert [code for code in read_error_kinds() if f'id="{code}"' not in page] == []


def test_an_unknown_code_is_not_repeated(world: World) -> None:
    page = world.http.get("/errors/%3Cscript%3E")
    assert page.status_code == 404
    assert "script" not in page.text


def test_a_reply_names_the_page_of_its_first_error(world: World) -> None:
    asked = {"query": '{ node(id: "x") { id } }'}
    found = world.post(world.token(Audience.BANK), asked).json()
    assert found["errors"][0]["extensions"]["code"] == "BAD_ID"
    assert found["extensions"]["docUrl"] == f"{ISSUER}/errors/BAD_ID"
    assert "docUrl" not in world.post(world.token(Audience.BANK), {"query": "{ viewer { name } }"}).json()["extensions"]
