"""/metrics: what all workers counted, and what waits in the database, for Prometheus."""

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

from casework.backlog import Backlog, backlog
from jobs.worker import is_led

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""Names the directory in which the workers of one service count together; unset where there is one."""

LOOK_SECONDS = 1.0
disable_created_metrics()  # type: ignore[no-untyped-call]  # as many series again, that nobody asks for


@contextmanager
def share_counters(workers: int) -> Iterator[None]:
    """While the context lasts, so many processes that are started count in one directory, emptied at its end."""
    if workers == 1:
        yield
        return
    with TemporaryDirectory(prefix="suxin-metrics-") as directory:
        os.environ[DIRECTORY] = directory
        yield


@dataclass(frozen=True)
class MetricsState:
    """What the database says. led: whether some process does what time brings."""

    waits: Backlog
    led: bool


@dataclass(frozen=True)
class StateCollector(Collector):
    """The state of a service as metrics; None where the database did not tell."""

    state: MetricsState | None

    def collect(self) -> Iterator[Metric]:
        """One gauge for each figure."""
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
    """A figure without labels."""
    return GaugeMetricFamily(name, meaning, float(value))


def build_metrics_endpoint(engine: AsyncEngine, now: Callable[[], datetime]) -> Callable[[Request], object]:
    """The endpoint for Prometheus. Whichever worker answers, it answers for all of them."""

    async def metrics(request: Request) -> Response:
        found = await read_state(engine, now())
        text = await asyncio.to_thread(write_metrics, (StateCollector(found),))
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return metrics


async def read_state(engine: AsyncEngine, now: datetime) -> MetricsState | None:
    """What the database says of a service, within a second."""
    try:
        async with asyncio.timeout(LOOK_SECONDS), engine.connect() as connection:
            return MetricsState(await backlog(connection, now), await is_led(connection))
    except (TimeoutError, OSError, sa.exc.SQLAlchemyError):
        return None


def write_metrics(collectors: Iterable[Collector]) -> bytes:
    """What was counted, and more."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return generate_latest(collect_counters()) + generate_latest(registry)


def collect_counters() -> CollectorRegistry:
    """What was counted here, or by all workers together. What a dead one had in use is forgotten."""
    if not (directory := os.environ.get(DIRECTORY)):
        return REGISTRY
    for process in {int(file.stem.rpartition("_")[2]) for file in Path(directory).glob("gauge_live*.db")}:
        if not psutil.pid_exists(process):
            mark_process_dead(process, directory)  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    return registry
