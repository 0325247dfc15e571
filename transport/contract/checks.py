"""Checks of whether the service answers, and its metrics, as operations of the OpenAPI document."""

from typing import NotRequired, TypedDict

from auth.server.contract.operations import RETRY_AFTER
from openapi.operation import ApiAnswer, ApiOperation

CHECKS = "Operation"
JSON, TEXT = "application/json", "text/plain"


class CheckAnswer(TypedDict):
    """How the service is."""

    status: str
    reason: NotRequired[str]
    milliseconds: NotRequired[int]


def check(name: str, summary: str) -> ApiOperation:
    """Return an operation that tells how the service is."""
    well = ApiAnswer(200, "Yes.", {JSON: CheckAnswer})
    return ApiOperation("GET", name, CHECKS, summary, (well, ApiAnswer(503, "No.", {JSON: CheckAnswer}, [RETRY_AFTER])))


ALIVE = check("isAlive", "Whether the process runs")
READY = check("isReady", "Whether requests are answered")
METRICS = ApiOperation(
    "GET", "readMetrics", CHECKS, "Metrics for Prometheus", [ApiAnswer(200, "The metrics.", {TEXT: str})]
)
