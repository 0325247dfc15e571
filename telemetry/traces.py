"""Traces by OpenTelemetry, configured by its standard variables, without personal data.

The client chooses the operation's name and the document: neither is recorded. The digest of a document is, as in the
access log, if the document has no literals; a digest of a text that can be guessed would reveal it.
"""

from collections.abc import Iterator, Mapping
from time import perf_counter_ns, time_ns
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers

from settings import SettingsError
from transport.observation import OK, Observation

EXPORTER, DISABLED = "OTEL_TRACES_EXPORTER", "OTEL_SDK_DISABLED"
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SPOKEN = "http/protobuf"
GRAPHQL, UNKNOWN = "/graphql", "GraphQL Operation"
"""UNKNOWN is the name of a span whose operation could not be parsed (semantic conventions, GraphQL servers)."""

CALLER = TraceContextTextMapPropagator()


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Return whether traces are exported. Raises SettingsError for an unsupported exporter or protocol."""
    if environment.get(DISABLED, "").lower() == "true":
        return False
    exporter = environment.get(EXPORTER, "").strip()
    if exporter not in {"", "otlp", "none"}:
        raise SettingsError(f"{EXPORTER} must be otlp or none.")
    on = exporter == "otlp" or (not exporter and any(environment.get(name) for name in ENDPOINTS))
    for name in PROTOCOLS:
        if on and environment.get(name, SPOKEN) != SPOKEN:
            raise SettingsError(f"{name} must be {SPOKEN}: traces are sent by HTTP.")
    return on


def build_provider() -> Any:
    """Return a provider that exports spans as the standard variables say. The caller shuts it down."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - loaded when on
    from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    named = Resource.create({SERVICE_NAME: "suxin"}).merge(OTELResourceDetector().detect())
    made = TracerProvider(resource=named, shutdown_on_exit=False)
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made


def begin_span(tracer: Tracer, headers: Headers) -> Span:
    """Start the span of a request, in the trace of `traceparent` if there is one. `tracestate` and `baggage` are
    ignored: they may hold anything."""
    given = headers.get("traceparent")
    caller = CALLER.extract({"traceparent": given}) if given else Context()
    return tracer.start_span(UNKNOWN, caller, SpanKind.SERVER)


def end_span(tracer: Tracer, span: Span, method: str, path: str, status: int, seen: Observation) -> None:
    """End the span of a request, with its child spans."""
    now, moment = perf_counter_ns(), time_ns()
    if span.is_recording():
        span.update_name(_name(method, path, seen))
        common: dict[str, Any] = {"http.request.method": method, "url.path": path, "http.response.status_code": status}
        span.set_attributes({**common, **dict(_attributes(seen))})
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        if path == GRAPHQL:
            _tell_parts(tracer, span, seen, now, moment - now)
    span.end(moment)


def _tell_parts(tracer: Tracer, span: Span, seen: Observation, now: int, epoch: int) -> None:
    """Record the phases of a request as child spans. epoch: the offset of `perf_counter_ns`, in nanoseconds."""
    below, admitted = trace.set_span_in_context(span), seen.admitted or now
    for name, start, end in (("admit", seen.began, admitted), ("execute", admitted, now)):
        if start < end:
            tracer.start_span(f"suxin.{name}", below, start_time=epoch + start).end(epoch + end)


def _name(method: str, path: str, seen: Observation) -> str:
    """Return the span's name by the semantic conventions for GraphQL and HTTP servers."""
    if path != GRAPHQL:
        return f"{method} {path}"
    return seen.operation.kind if seen.operation else UNKNOWN


def _attributes(seen: Observation) -> Iterator[tuple[str, Any]]:
    yield "suxin.request_id", str(seen.request_id)
    if seen.outcome != OK:
        yield "error.type", seen.outcome
    if seen.principal:
        yield "suxin.audience", seen.principal.audience.value
        yield "suxin.client_id", seen.principal.client_id
    if seen.cost is not None:
        yield "suxin.cost", seen.cost
    if operation := seen.operation:
        yield "graphql.operation.type", operation.kind
        yield "suxin.fields", operation.fields
        if operation.says_nothing:
            yield "suxin.document.digest", operation.text_digest.hex()
