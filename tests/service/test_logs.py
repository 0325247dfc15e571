"""Logs: a line for each request, and nothing personal in any."""

import io
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from logging.config import dictConfig
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from conftest import City
from look_ups import look_up
from opentelemetry.sdk.trace import TracerProvider
from served import Command, wait_until
from starlette.testclient import TestClient
from telling import HEADERS, kept, tell_everything
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from world import ISSUER, NOW, World

from auth.audiences import Audience
from demo.city.cast import CHEN
from server import create_app
from telemetry import logs
from telemetry.observing import Telemetry

VIEWER = "{ viewer { clientId } }"


@pytest.fixture
def error(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What goes to standard error, as the logs know it: pytest takes the real one back between fixtures and tests."""
    stream = io.StringIO()
    monkeypatch.setattr(logs, "sys", SimpleNamespace(stderr=stream, exc_info=sys.exc_info))
    return stream


@pytest.fixture
def told(world: World, city: City, error: io.StringIO) -> Iterator[World]:
    """The service with its log as JSON."""
    app = create_app(city.settings, world.engine.url, lambda: NOW, Telemetry(logs.build_request_logger("json")))
    with TestClient(app, base_url=ISSUER, raise_server_exceptions=False) as http:
        yield replace(world, http=http, app=app)


@pytest.fixture
def configured(error: io.StringIO) -> Iterator[io.StringIO]:
    """`logging`, as the service has it. What was there before comes back."""
    root, names = logging.getLogger(), ("suxin", "uvicorn")
    before = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in names}
    dictConfig(logs.build_configuration("json"))
    root.handlers[0].setStream(error)  # type: ignore[attr-defined]
    yield error
    root.handlers[:], levels = before[0], before[2]
    root.setLevel(before[1])
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


# --- requests ---------------------------------------------------------------------------------------------------------


def test_a_request_is_one_line(told: World, error: io.StringIO) -> None:
    response = told.post(told.token(Audience.BANK), {"query": VIEWER})
    (line,) = lines(error)[-1:]
    assert line.pop("milliseconds") > 0
    assert line.pop("time").endswith("Z")
    assert line == {
        "message": "request",
        "level": "info",
        "logger": "suxin.requests",
        "request_id": response.headers["x-request-id"],
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "outcome": "OK",
        "audience": "BANK",
        "client_id": "demo-bank",
        "operation": "query",
        "fields": ["viewer"],
        "cost": response.json()["extensions"]["cost"]["requestedQueryCost"],
    }


def test_what_is_refused_is_told_as_far_as_it_is_known(told: World, error: io.StringIO) -> None:
    token, narrow = told.token(Audience.BANK), told.token(Audience.BANK, "catalogue.read")
    told.post(None, {"query": VIEWER})
    told.post(narrow, {"query": "{ watches(first: 1) { totalCount } }"})
    told.post(token, {"query": "{ bulletins(first: 101) { totalCount } }"})
    nobody, forbidden, bad = lines(error)[-3:]
    assert (nobody["outcome"], nobody["status"], nobody.get("client_id")) == ("UNAUTHENTICATED", 401, None)
    assert (forbidden["outcome"], forbidden["client_id"], "fields" in forbidden) == ("FORBIDDEN", "demo-bank", False)
    assert (bad["outcome"], bad["fields"]) == ("BAD_PAGE_SIZE", ["bulletins"])


def test_other_requests_are_told_by_path_and_status(told: World, error: io.StringIO) -> None:
    told.http.post("/oauth/token")
    told.http.get(f"/{CHEN.number}")
    told.http.get("/livez")
    known, unknown = lines(error)
    assert (known["path"], known["method"], known["status"]) == ("/oauth/token", "POST", 400)
    assert (unknown["path"], unknown["status"]) == ("other", 404)


def test_an_address_with_a_secret_is_told_by_its_pattern(told: World, error: io.StringIO) -> None:
    told.http.get("/downloads/12.34.secret")
    told.http.get("/reports/secret-code")
    assert [(one["path"], one["status"]) for one in lines(error)] == [
        ("/downloads/{token}", 404),
        ("/reports/{name}", 404),
    ]
    assert "secret" not in error.getvalue()


def test_a_failure_is_an_error(world: World, city: City, error: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ValueError(CHEN.name)

    app = create_app(city.settings, world.engine.url, lambda: NOW, Telemetry(logs.build_request_logger("json")))
    monkeypatch.setattr("transport.endpoint.read_body", fails)
    with TestClient(app, base_url=ISSUER) as http:
        asked = replace(world, http=http)
        assert asked.post(asked.token(Audience.BANK), {"query": VIEWER}).status_code == 500
    assert (lines(error)[-1]["level"], lines(error)[-1]["outcome"]) == ("error", "INTERNAL")
    assert CHEN.name not in error.getvalue()


def test_nothing_personal_is_logged(told: World, configured: io.StringIO) -> None:
    tell_everything(told)
    assert {line["outcome"] for line in lines(configured) if line.get("path") == "/graphql"} >= {
        "OK",
        "INVALID_DOCUMENT",
    }
    assert kept(told, configured.getvalue()) == []


# --- everything else that is said -------------------------------------------------------------------------------------


def test_every_logger_speaks_json(configured: io.StringIO) -> None:
    logging.getLogger("suxin.worker").info("%s is done", "2026-11-21")
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 1, extra={"color_message": "x"})
    logging.getLogger("somebody").info("is not heard")
    done, started = lines(configured)
    assert (done["message"], done["logger"], done["level"]) == ("2026-11-21 is done", "suxin.worker", "info")
    assert (started["message"], "color_message" in started) == ("Started server process [1]", False)


@pytest.mark.parametrize(
    ("address", "shown"),
    [("/graphql", "/graphql"), ("/graphql?token=secret", "/graphql"), ("/secret", "other"), ("/?secret", "other")],
)
def test_addresses_of_sockets_are_told_without_their_query(configured: io.StringIO, address: str, shown: str) -> None:
    """As uvicorn writes them, which gives each kind of line its own number of arguments."""
    for line, rest in (('%s - "WebSocket %s" [accepted]', ()), ('%s - "WebSocket %s" %d', (403,))):
        logging.getLogger("uvicorn.error").info(line, "127.0.0.1:1", address, *rest)
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", address, "1.1", 200)
    accepted, refused, plain = (line["message"] for line in lines(configured))
    assert accepted == f'127.0.0.1:1 - "WebSocket {shown}" [accepted]'
    assert refused == f'127.0.0.1:1 - "WebSocket {shown}" 403'
    assert plain == f'127.0.0.1:1 - "GET {shown} HTTP/1.1" 200'
    assert "secret" not in configured.getvalue()


def test_errors_are_told_without_their_message(configured: io.StringIO) -> None:
    try:
        raise ValueError(CHEN.name)
    except ValueError as error:
        logging.getLogger("suxin.server").exception("it failed")
        logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: %r", error)
    own, other = lines(configured)
    assert (own["message"], own["exception"], "test_logs.py" in own["stack"]) == ("it failed", "ValueError", True)
    assert other["message"] == "Task exception was never retrieved"
    assert CHEN.name not in configured.getvalue()


def test_a_line_break_makes_no_line(configured: io.StringIO) -> None:
    logging.getLogger("suxin.oauth").warning("refused\n{}")
    assert len(lines(configured)) == 1


def test_text_is_for_people(world: World, city: City, error: io.StringIO) -> None:
    app = create_app(city.settings, world.engine.url, lambda: NOW, Telemetry(logs.build_request_logger("text")))
    with TestClient(app, base_url=ISSUER) as http:
        asked = replace(world, http=http)
        asked.post(asked.token(Audience.BANK), {"query": VIEWER})
    assert "client_id=demo-bank" in error.getvalue().splitlines()[-1]


def test_a_terminal_has_text_and_everything_else_json(error: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (logs.form_of(None), logs.form_of("text")) == ("json", "text")
    monkeypatch.setattr(error, "isatty", lambda: True)
    assert (logs.form_of(None), logs.form_of("json")) == ("text", "json")


def test_the_command_logs_json_from_its_first_line(world: World, city: City) -> None:
    url = world.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    served = Command({"SUXIN_DATABASE_URL": url, "SUXIN_DATA_DIR": str(city.settings.data_dir)})
    command = [str(Path(sys.executable).with_name("suxin")), "serve", "--port", str(served.port)]
    environment = {**served.environment, "SUXIN_ISSUER": served.origin}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: httpx2.get(f"{served.origin}/readyz").status_code == 200)
        httpx2.post(f"{served.origin}/graphql")
        for address in ("/graphql?token=secret", "/secret"):
            with pytest.raises(InvalidStatus), connect(f"ws://127.0.0.1:{served.port}{address}"):
                pass
    finally:
        process.terminate()
        said = process.communicate()[1]
    found = [json.loads(line) for line in said.splitlines()]
    sockets = [line["message"].partition('"')[2] for line in found if "WebSocket" in line["message"]]
    assert sockets == ['WebSocket /graphql" 403', 'WebSocket other" 403']
    assert "secret" not in said
    assert [line["outcome"] for line in found if line["logger"] == "suxin.requests"] == ["UNAUTHENTICATED"]


def test_time_is_that_of_the_request(told: World, error: io.StringIO) -> None:
    began = time.perf_counter()
    told.post(told.token(Audience.BANK), {"query": VIEWER})
    assert 0 < lines(error)[-1]["milliseconds"] <= (time.perf_counter() - began) * 1000


def test_a_line_names_its_trace(world: World, city: City, error: io.StringIO) -> None:
    telemetry = Telemetry(logs.build_request_logger("json"), TracerProvider(shutdown_on_exit=False))
    app = create_app(city.settings, world.engine.url, lambda: NOW, telemetry)
    with TestClient(app, base_url=ISSUER) as http:
        asked = replace(world, http=http)
        asked.post(asked.token(Audience.BANK), {"query": VIEWER}, traceparent=HEADERS["traceparent"])
    assert lines(error)[-1]["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


def test_the_debug_log_explains_a_request_without_its_values(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "suxin.graphql"):
        look_up(world, CHEN)
    (record,) = (one for one in caplog.records if one.name == "suxin.graphql")
    said = record.getMessage()
    parts = ("-- query subject", "-- cost ", " needs ", "INSERT INTO access_answer", "-- $1 ")
    assert [part for part in parts if part not in said] == []
    assert [value for value in (CHEN.name, CHEN.number) if value in said] == []
    assert logs.build_configuration("json", debug=True)["loggers"]["suxin.graphql"]["level"] == "DEBUG"
