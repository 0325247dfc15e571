"""/metrics for Prometheus: counters of all workers, and the backlog in the database."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import sqlalchemy as sa
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response

from casework.backlog import Backlog, measure_backlog
from postgres.locks import is_led

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that names the directory shared by the processes of `suxin serve`."""

LOOK_SECONDS = 1.0
disable_created_metrics()  # type: ignore[no-untyped-call]  # as many series again, that nobody asks for


@contextmanager
def share_counters() -> Iterator[None]:
    """Let the processes that are started in this context count in one directory, removed at its end."""
    with TemporaryDirectory(prefix="suxin-metrics-") as directory:
        os.environ[DIRECTORY] = directory
        yield


@dataclass(frozen=True)
class MetricsState:
    """The state of the service in the database. led: whether a worker leads."""

    waits: Backlog
    led: bool


@dataclass(frozen=True)
class StateCollector(Collector):
    """The state of the service as metrics; None if the database did not answer."""

    state: MetricsState | None

    def collect(self) -> Iterator[Metric]:
        """Yield one gauge for each figure."""
        yield make_gauge("suxin_database_up", "Whether the database told what waits", self.state is not None)
        if self.state:
            waits = self.state.waits
            yield make_gauge("suxin_worker_leading", "Whether some process does what time brings", self.state.led)
            yield make_gauge("suxin_webhook_due", "Deliveries that are due", waits.deliveries)
            yield make_gauge("suxin_webhook_due_seconds", "Time since the first of them was due", waits.waiting)
            yield make_gauge("suxin_webhooks_failing", "Webhooks that are sent nothing any more", waits.failing)
            yield make_gauge("suxin_objections_overdue", "Objections that should have been answered", waits.objections)
            yield make_gauge("suxin_months_unpublished", "Months of courts that are over and unpublished", waits.months)
            if waits.days is not None:
                yield make_gauge("suxin_days_behind", "Days that the worker has not worked through", waits.days)


def make_gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    """Return a gauge without labels."""
    return GaugeMetricFamily(name, meaning, float(value))


def build_metrics_endpoint(engine: AsyncEngine, now: Callable[[], datetime]) -> Callable[[Request], object]:
    """Return the endpoint for Prometheus. Any worker answers for all workers."""

    async def metrics(request: Request) -> Response:
        found = await read_state(engine, now())
        text = await asyncio.to_thread(write_metrics, (StateCollector(found),))
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return metrics


async def read_state(engine: AsyncEngine, now: datetime) -> MetricsState | None:
    """Read the state of the service, within LOOK_SECONDS; None if the database does not answer."""
    try:
        async with asyncio.timeout(LOOK_SECONDS), engine.connect() as connection:
            return MetricsState(await measure_backlog(connection, now), await is_led(connection))
    except (TimeoutError, OSError, sa.exc.SQLAlchemyError):
        return None


def write_metrics(collectors: Iterable[Collector]) -> bytes:
    """Return the counters and the metrics of `collectors` in Prometheus's text format."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return generate_latest(collect_counters()) + generate_latest(registry)


def collect_counters() -> CollectorRegistry:
    """Return the counters of this process, or of all workers. Gauges of dead workers are removed."""
    if not (directory := os.environ.get(DIRECTORY)):
        return REGISTRY
    for process in {int(file.stem.rpartition("_")[2]) for file in Path(directory).glob("gauge_live*.db")}:
        if not psutil.pid_exists(process):
            mark_process_dead(process, directory)  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    return registry
