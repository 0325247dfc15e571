"""Middleware that counts, times, logs and traces each HTTP request."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, Tracer
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry import traces
from telemetry.recording import Recorder, name_field
from telemetry.traces import GRAPHQL
from transport.observation import OBSERVED, Observation

REQUESTS = Counter(
    "suxin_requests",
    "GraphQL requests, by who asked what and what came of it",
    ["audience", "operation", "field", "outcome"],
)
SECONDS = Histogram(
    "suxin_request_seconds",
    "Time until the answer of a GraphQL request was there",
    ["audience", "operation", "field"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
OTHERS = Counter("suxin_http_requests", "Requests beside GraphQL, by path and status", ["path", "status"])

METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""Paths that are requested every few seconds; they are not observed."""

NONE, OTHER = "none", "other"


@dataclass(frozen=True)
class Telemetry:
    """The outputs beside metrics. lines: the logger of requests. provider: of OpenTelemetry. None if not wanted."""

    lines: Any = None
    provider: Any = None


@dataclass
class Observing:
    """Middleware that reports each request when its response begins. paths: the known paths. recorder: of the request
    log of clients."""

    app: ASGIApp
    telemetry: Telemetry
    paths: frozenset[str]
    recorder: Recorder | None = None
    tracer: Tracer | None = field(init=False)
    prefixes: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        provider = self.telemetry.provider
        self.tracer = provider.get_tracer("suxin") if provider else None
        self.prefixes = {path.partition("{")[0]: path for path in self.paths if "{" in path}

    def name_path(self, path: str) -> str:
        """Return a known path, with the names of its parameters and not their values: some are secrets."""
        if path in self.paths:
            return path
        return next((named for prefix, named in self.prefixes.items() if path.startswith(prefix)), OTHER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and report it."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        request = Observed(self, scope, send)
        scope[OBSERVED] = request.seen
        try:
            if self.tracer is None:
                await self.app(scope, receive, request.send)
            else:
                await self._traced(self.tracer, request, receive)
        except Exception:
            request.tell(500)
            raise

    async def _traced(self, tracer: Tracer, request: "Observed", receive: Receive) -> None:
        """Pass a request on in a current span, so that other spans of this process belong to it."""
        request.span = traces.begin_span(tracer, Headers(scope=request.scope))
        quiet = {"end_on_exit": False, "record_exception": False, "set_status_on_exception": False}
        with trace.use_span(request.span, **quiet):
            await self.app(request.scope, receive, request.send)


class Observed:
    """One request, and the `send` of its response."""

    def __init__(self, observing: Observing, scope: Scope, send: Send) -> None:
        self.scope, self.seen = scope, Observation()
        self.span: Span = trace.INVALID_SPAN
        self._observing, self._send = observing, send

    async def send(self, message: Message) -> None:
        """Pass a message on; report the request when the response begins."""
        if message["type"] == "http.response.start":
            self.tell(message["status"])
        await self._send(message)

    def tell(self, status: int) -> None:
        """Report the request, once."""
        if self.seen.told:
            return
        self.seen.told = True
        path = self._observing.name_path(self.scope["path"])
        method = self.scope["method"] if self.scope["method"] in METHODS else OTHER
        if path == GRAPHQL:
            count_request(self.seen)
        else:
            OTHERS.labels(path, status).inc()
        if self._observing.recorder:
            self._observing.recorder.record(self.seen, path, status)
        if lines := self._observing.telemetry.lines:
            say = lines.error if status >= 500 else lines.info
            say("request", **describe_request(self.seen, path, method, status))
        if tracer := self._observing.tracer:
            traces.end_span(tracer, self.span, method, path, status, self.seen)


def count_request(seen: Observation) -> None:
    """Count a GraphQL request, and record its time."""
    audience = seen.principal.audience.value if seen.principal else NONE
    operation, asked = seen.operation.kind if seen.operation else NONE, name_field(seen) or NONE
    find_counter(audience, operation, asked, seen.outcome).inc()
    find_timer(audience, operation, asked).observe(seen.milliseconds() / 1000)


@cache
def find_counter(audience: str, operation: str, asked: str, outcome: str) -> Counter:
    """Return the counter with these labels. All are words of the service, so there are few."""
    return REQUESTS.labels(audience, operation, asked, outcome)


@cache
def find_timer(audience: str, operation: str, asked: str) -> Histogram:
    """Return the histogram with these labels."""
    return SECONDS.labels(audience, operation, asked)


def describe_request(seen: Observation, path: str, method: str, status: int) -> dict[str, Any]:
    """Return the log event of a request."""
    told: dict[str, Any] = {"request_id": str(seen.request_id), "method": method, "path": path, "status": status}
    told["milliseconds"] = seen.milliseconds()
    if path == GRAPHQL:
        told["outcome"] = seen.outcome
    if seen.principal:
        told |= {"audience": seen.principal.audience.value, "client_id": seen.principal.client_id}
    if seen.operation:
        told |= {"operation": seen.operation.kind, "fields": seen.operation.fields}
    if seen.cost is not None:
        told["cost"] = seen.cost
    return told
