"""Traces: a span for each request, in its caller's trace, sent where the standard variables say."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from conftest import City
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id
from starlette.testclient import TestClient
from telling import HEADERS, kept, tell_everything
from world import ISSUER, NOW, World

from auth.audiences import Audience
from demo.city.cast import CHEN
from server import create_app
from settings import SettingsError
from telemetry import traces
from telemetry.observing import Telemetry

VIEWER = "{ viewer { clientId } }"
COURTS = "{ courts { code } }"


@contextmanager
def traced(world: World, city: City, provider: Any, **changes: Any) -> Iterator[World]:
    """The service with traces."""
    app = create_app(replace(city.settings, **changes), world.engine.url, lambda: NOW, Telemetry(provider=provider))
    with TestClient(app, base_url=ISSUER, raise_server_exceptions=False) as http:
        yield replace(world, http=http, app=app)


@dataclass
class Seen:
    """The service with its spans kept here."""

    world: World
    exporter: InMemorySpanExporter

    def ask(self, query: str, **headers: str) -> list[ReadableSpan]:
        """The spans of one request of the bank, in the order in which they ended: the whole last."""
        token = self.world.token(Audience.BANK)
        self.exporter.clear()
        self.world.post(token, {"query": query}, **headers)
        return list(self.exporter.get_finished_spans())


@pytest.fixture
def seen(world: World, city: City) -> Iterator[Seen]:
    provider, exporter = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with traced(world, city, provider) as found:
        yield Seen(found, exporter)


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


# --- spans ------------------------------------------------------------------------------------------------------------


def test_a_request_is_a_span_with_its_parts(seen: Seen) -> None:
    admit, execute, whole = seen.ask(COURTS)
    assert (whole.name, whole.kind, whole.parent, whole.status.status_code) == (
        "query",
        SpanKind.SERVER,
        None,
        StatusCode.UNSET,
    )
    found = attributes(whole)
    assert found.pop("suxin.cost") > 0
    assert found.pop("suxin.request_id")
    assert found == {
        "http.request.method": "POST",
        "url.path": "/graphql",
        "http.response.status_code": 200,
        "graphql.operation.type": "query",
        "suxin.audience": "BANK",
        "suxin.client_id": "demo-bank",
        "suxin.fields": ("courts",),
        "suxin.document.digest": hashlib.sha256(COURTS.encode()).hexdigest(),
    }
    assert [part.name for part in (admit, execute)] == ["suxin.admit", "suxin.execute"]
    assert all(part.parent == whole.get_span_context() for part in (admit, execute))
    moments = [admit.start_time, admit.end_time, execute.start_time, execute.end_time]
    assert all(moments)
    assert moments == sorted(moments, key=lambda moment: moment or 0)
    assert (whole.end_time or 0) >= (execute.end_time or 0)


def test_a_span_is_in_its_caller_s_trace(seen: Seen) -> None:
    *_, whole = seen.ask(COURTS, traceparent=HEADERS["traceparent"])
    context, parent = whole.get_span_context(), whole.parent
    assert context
    assert parent
    assert format_trace_id(context.trace_id) == "0af7651916cd43dd8448eb211c80319c"
    assert format_span_id(parent.span_id) == "b7ad6b7169203331"
    assert parent.is_remote


def test_of_what_a_caller_sends_along_nothing_is_taken_over(seen: Seen) -> None:
    *_, whole = seen.ask(COURTS, **HEADERS)
    context = whole.get_span_context()
    assert context
    assert (dict(context.trace_state), kept(seen.world, whole.to_json())) == ({}, [])


@pytest.mark.parametrize("header", ["", "nonsense", f"00-{'0' * 32}-b7ad6b7169203331-01", "x" * 2000])
def test_a_bad_traceparent_begins_a_trace(seen: Seen, header: str) -> None:
    assert seen.ask(COURTS, traceparent=header)[-1].parent is None


def test_who_is_not_sampled_is_not_told_of(seen: Seen) -> None:
    assert seen.ask(COURTS, traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00") == []


def test_an_operation_s_name_is_not_recorded(seen: Seen) -> None:
    *_, whole = seen.ask(f"query Check{CHEN.number} {COURTS}")
    assert (whole.name, kept(seen.world, whole.to_json())) == ("query", [])


@pytest.mark.parametrize("document", [f"{COURTS} # {CHEN.name}", f'{{ node(id: "{CHEN.number}") {{ id }} }}'])
def test_a_digest_that_could_be_guessed_is_not_recorded(seen: Seen, document: str) -> None:
    *_, whole = seen.ask(document)
    assert "graphql.operation.type" in attributes(whole)
    assert "suxin.document.digest" not in attributes(whole)


def test_what_is_refused_says_why(seen: Seen) -> None:
    admit, whole = seen.ask("{ viewer")
    assert (whole.name, attributes(whole)["error.type"]) == ("GraphQL Operation", "SYNTAX_ERROR")
    assert (whole.status.status_code, admit.name) == (StatusCode.UNSET, "suxin.admit")


def test_a_failure_is_an_error_without_its_message(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> None:
        raise ValueError(CHEN.name)

    monkeypatch.setattr("transport.endpoint.read_body", fails)
    *_, whole = seen.ask(COURTS)
    assert (whole.status.status_code, whole.status.description) == (StatusCode.ERROR, None)
    assert attributes(whole)["error.type"] == "INTERNAL"
    assert (whole.events, kept(seen.world, whole.to_json())) == ((), [])


def test_other_requests_are_named_by_their_path(seen: Seen) -> None:
    seen.exporter.clear()
    seen.world.http.post("/oauth/token")
    seen.world.http.request("CHEN", f"/{CHEN.number}")
    token, other = seen.exporter.get_finished_spans()
    assert (token.name, attributes(token)["http.response.status_code"]) == ("POST /oauth/token", 400)
    assert other.name == "other other"


def test_probes_are_not_traced(seen: Seen) -> None:
    seen.exporter.clear()
    for probe in ("/livez", "/readyz", "/metrics"):
        assert seen.world.http.get(probe).status_code == 200
    assert seen.exporter.get_finished_spans() == ()


def test_nothing_personal_is_in_a_span(seen: Seen) -> None:
    tell_everything(seen.world)
    spans = seen.exporter.get_finished_spans()
    assert len(spans) > 50
    assert kept(seen.world, [span.to_json() for span in spans]) == []


# --- how they are sent ------------------------------------------------------------------------------------------------


@dataclass
class Collector:
    """A collector: what it was sent, by OTLP over HTTP."""

    port: int = 0
    spans: list[Any] = field(default_factory=list)
    services: set[str] = field(default_factory=set)

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = (one for one in resource.resource.attributes if one.key == "service.name")
            self.services |= {one.value.string_value for one in named}
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            found.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        found.port = server.server_port
        yield found
        server.shutdown()
        thread.join()


def test_spans_reach_a_collector_at_the_end_at_the_latest(
    world: World, city: City, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.port}")
    with traced(world, city, traces.build_provider()) as found:
        tell_everything(found)
    assert {span.name for span in collector.spans} >= {"query", "suxin.admit", "suxin.execute"}
    assert (collector.services, kept(found, collector.spans)) == ({"suxin"}, [])


def test_a_service_may_have_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "suxin-yuyao")
    provider = traces.build_provider()
    assert provider.resource.attributes["service.name"] == "suxin-yuyao"
    provider.shutdown()


ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}
WANTED = {
    "nothing is set": ({}, False),
    "an endpoint": (ENDPOINT, True),
    "an endpoint for traces": ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
    "the exporter": ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
    "none": ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
    "disabled": ({**ENDPOINT, "OTEL_SDK_DISABLED": "true"}, False),
    "by HTTP": ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
}


@pytest.mark.parametrize(("environment", "wanted"), WANTED.values(), ids=WANTED)
def test_the_standard_variables_decide(environment: dict[str, str], wanted: bool) -> None:
    assert traces.is_wanted(environment) is wanted


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER must be otlp or none."),
        (
            {**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf: traces are sent by HTTP.",
        ),
    ],
)
def test_what_is_not_known_stops_the_start(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message.replace(".", r"\.")):
        traces.is_wanted(environment)
