"""After a timeout nothing is left behind: no future whose error nobody took, no coroutine that nobody awaited."""

import gc
import logging
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import City
from look_ups import key_of
from starlette.testclient import TestClient
from world import ISSUER, NOW, World

from auth.audiences import Audience
from demo.city.cast import CAST
from server import create_app

PAGE = """{ parties(first: 20) { totalCount nodes { id name creditCode { colour records { id behaviour { code } } }
  deductions(first: 5) { totalCount nodes { id behaviour { code version { label } } case { id court { code } }
  repairs { id } } } participations(first: 5) { nodes { role case { number } } } } } courts { code } }"""
ONE = "{ parties(first: 1) { nodes { name deductions(first: 2) { nodes { id } } } } }"
CHECK = """query($by: [SubjectKey!]!) { subjects(by: $by, access: {purpose: LOAN_APPROVAL}) {
  outcome party { name creditCode { colour } deductions(first: 5) { nodes { id behaviour { code } } } } } }"""
MUTATION = (
    """mutation { createWebhook(input: {url: "https://bank.example/hook"}) { webhook { id } errors { code } } }"""
)
ASKED = [
    (Audience.COURT, PAGE, {}),
    (Audience.COURT, ONE, {}),
    (Audience.BANK, CHECK, {"by": [key_of(one) for one in CAST[:9]]}),
    (Audience.BANK, MUTATION, {}),
]
LOCKED = ["deduction", "party", "court_case", "access_answer, webhook"]


@contextmanager
def locking(engine: sa.Engine, tables: str) -> Iterator[None]:
    """Tables that nobody can read while the context lasts."""
    with engine.begin() as connection:
        connection.execute(sa.text(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
        yield


@pytest.fixture(params=["plan", "loaders"])
def impatient(request: pytest.FixtureRequest, world: World, city: City, database_copy: sa.URL) -> Iterator[World]:
    """A service that waits for no answer longer than a moment, shorter than for a lock, or longer."""
    settings = replace(city.settings, executor=request.param, request_timeout=1, statement_timeout=1, token_trust=30)
    app = create_app(settings, database_copy, lambda: NOW)
    with TestClient(app, base_url=ISSUER, raise_server_exceptions=False) as http:
        yield replace(world, http=http, app=app)


def ask_at_once(world: World, count: int) -> set[int]:
    """The statuses of all requests, so many of each at once."""
    tokens = {audience: world.token(audience) for audience in (Audience.COURT, Audience.BANK)}
    asked = [(tokens[who], {"query": text, "variables": given}) for who, text, given in ASKED] * count
    with ThreadPoolExecutor(len(asked)) as pool:
        return {one.status_code for one in pool.map(lambda one: world.post(*one), asked)}


@pytest.mark.parametrize("seconds", [0.1, 2.0])
def test_nothing_is_left_behind(
    impatient: World, world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    app: Any = impatient.app
    object.__setattr__(app._direct.app, "request_timeout", seconds)
    with warnings.catch_warnings(record=True) as warned, caplog.at_level(logging.WARNING, "asyncio"), ExitStack():
        warnings.simplefilter("always")
        ask_at_once(impatient, 1)
        for tables in LOCKED:
            with locking(world.engine, tables):
                ask_at_once(impatient, 4)
        assert ask_at_once(impatient, 1) <= {200, 503}
        gc.collect()
    left = [record.getMessage() for record in caplog.records if record.name == "asyncio"]
    assert (left, [str(one.message) for one in warned if one.category is RuntimeWarning]) == ([], [])
