"""What plans leave to the loaders is told where one asks for it, and counted."""

import gc
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import City
from starlette.testclient import TestClient
from world import ISSUER, NOW, World

from auth.audiences import Audience
from server import create_app

GOOD = "{ parties(first: 1) { nodes { name } } }"
FALLBACKS = {
    "a page too long": ("{ parties(first: 101) { nodes { name } } }", {}, "arguments"),
    "a bad cursor": ('{ parties(first: 1, after: "nonsense") { nodes { name } } }', {}, "arguments"),
    "a bad id": ('{ party(id: "nonsense") { name } }', {}, "arguments"),
    "a bad id among good fields": (f'{{ node(id: "nonsense") {{ id }} {GOOD[2:-2]} }}', {}, "arguments"),
    "a bad variable of a branch": (
        "query($n: Int!) { parties(first: 1) { nodes { deductions(first: $n) { totalCount } } } }",
        {"n": 0},
        "arguments",
    ),
}


@pytest.fixture(scope="module")
def debugged(world: World, city: City, database_copy: sa.URL) -> Iterator[World]:
    """The service with `SUXIN_DEBUG`."""
    app = create_app(replace(city.settings, debug=True), database_copy, lambda: NOW)
    with TestClient(app, base_url=ISSUER, raise_server_exceptions=False) as http:
        yield replace(world, http=http, app=app)


def counted(world: World, executor: str, reason: str) -> float:
    """The answers that an executor is said to have given."""
    sought = f'suxin_answers_total{{executor="{executor}",reason="{reason}"}} '
    lines = world.http.get("/metrics").text.splitlines()
    return sum(float(line.removeprefix(sought)) for line in lines if line.startswith(sought))


@pytest.mark.parametrize(("document", "variables", "reason"), FALLBACKS.values(), ids=FALLBACKS)
def test_a_bad_argument_goes_to_the_loaders(
    debugged: World, document: str, variables: dict[str, Any], reason: str
) -> None:
    before = counted(debugged, "loaders", reason)
    answer = debugged.ask(Audience.COURT, document, variables)
    assert answer["extensions"]["executor"] == f"loaders: {reason}"
    assert counted(debugged, "loaders", reason) == before + 1


def test_a_plan_says_so(debugged: World) -> None:
    before = counted(debugged, "plan", "")
    assert debugged.ask(Audience.COURT, GOOD)["extensions"]["executor"] == "plan"
    assert counted(debugged, "plan", "") == before + 1


def test_what_asks_no_database_is_planned_beside_what_does(debugged: World) -> None:
    document = """query($day: Date!, $known: Boolean!) {
        viewer { audience name @include(if: $known) }
        parties(first: 1) { nodes { creditCode(asOf: $day) { asOf } } } }"""
    answer = debugged.ask(Audience.COURT, document, {"day": "2026-01-31", "known": False})
    assert answer["extensions"]["executor"] == "plan"
    assert answer["data"]["viewer"] == {"audience": "COURT"}
    assert answer["data"]["parties"]["nodes"][0]["creditCode"] == {"asOf": "2026-01-31"}


def test_partners_are_not_told(world: World) -> None:
    assert sorted(world.ask(Audience.COURT, GOOD)["extensions"]) == ["cost", "requestId"]


def test_the_loaders_alone_can_be_asked_for(city: City, world: World, database_copy: sa.URL) -> None:
    app = create_app(replace(city.settings, executor="loaders", debug=True), database_copy, lambda: NOW)
    with TestClient(app, base_url=ISSUER, raise_server_exceptions=False) as http:
        answer = replace(world, http=http, app=app).ask(Audience.COURT, GOOD)
    assert answer["extensions"]["executor"] == "loaders: setting"


SIBLINGS = """query($n: Int!) { parties(first: 50) { nodes { name certificates { id } codeRecords { id }
  deductions(first: $n) { totalCount nodes { id } } listings(first: 1) { nodes { id } } repairs { id } } } }"""


def test_what_fails_leaves_nothing_unawaited(world: World) -> None:
    """graphql-core gives up the siblings of a field that failed: what was never begun must not be missed."""
    answer = world.ask(Audience.COURT, SIBLINGS, {"n": 0})
    assert (answer["data"], [error["extensions"]["code"] for error in answer["errors"]]) == (None, ["BAD_PAGE_SIZE"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
