"""Logs: a JSON object or a line of text for each event. Messages of errors are omitted: they may hold names."""

import logging
import sys
import traceback
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from opentelemetry import trace
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

JSON, TEXT = "json", "text"
GRAPHQL, OTHER = "/graphql", "other"
OWN = ("suxin", "uvicorn")


class AddressFilter(logging.Filter):
    """Removes the addresses of requests from the lines of uvicorn, except the path of the API. A query may hold a
    token, and a path that the service does not know may hold anything."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the arguments of a line that are addresses; every line is kept."""
        if record.name.startswith("uvicorn") and isinstance(record.args, tuple):
            record.args = tuple(_shorten(value) for value in record.args)
        return True


def _shorten(value: object) -> object:
    if not isinstance(value, str) or not value.startswith("/"):
        return value
    path = value.partition("?")[0]
    return path if path == GRAPHQL else OTHER


def form_of(setting: str | None) -> str:
    """Return the log format: the setting, else text for a terminal and JSON otherwise."""
    return setting or (TEXT if sys.stderr.isatty() else JSON)


def build_configuration(form: str, *, debug: bool = False) -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig` and uvicorn. Libraries log from WARNING on.

    debug: whether each GraphQL request is explained: scopes, cost, statements without values.
    """
    levels = dict.fromkeys(OWN, "INFO") | ({"suxin.graphql": "DEBUG"} if debug else {})
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "telemetry.logs.build_formatter", "form": form}},
        "filters": {"addresses": {"()": "telemetry.logs.AddressFilter"}},
        "handlers": {"error": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["addresses"]}},
        "root": {"level": "WARNING", "handlers": ["error"]},
        "loggers": {name: {"level": level, "handlers": [], "propagate": True} for name, level in levels.items()},
    }


def build_formatter(form: str) -> ProcessorFormatter:
    """Return the formatter of all loggers."""
    said: list[Processor] = [structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), remove_values]
    return ProcessorFormatter(
        foreign_pre_chain=[*said, *_everywhere()],
        processors=[ProcessorFormatter.remove_processors_meta, _renderer(form)],
    )


def build_request_logger(form: str) -> Any:
    """Return the logger of requests. It bypasses `logging`, which takes four times as long."""
    return structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[*_everywhere(), _renderer(form)],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    ).bind(logger="suxin.requests")


def _everywhere() -> list[Processor]:
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")
    return [structlog.stdlib.add_log_level, add_trace_id, stamp, structlog.processors.EventRenamer("message")]


def _renderer(form: str) -> Processor:
    if form == JSON:
        return structlog.processors.JSONRenderer(_dumped)
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), event_key="message", timestamp_key="time")


def _dumped(event: Mapping[str, Any], **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def remove_values(logger: Any, method: str, event: EventDict) -> EventDict:
    """Remove the messages of exceptions, and all but the first line of messages of libraries, which quote values."""
    if raised := event.pop("exc_info", None):
        kind, _, where = raised if isinstance(raised, tuple) else sys.exc_info()
        event["exception"] = kind.__name__ if kind else None
        event["stack"] = "".join(traceback.format_tb(where))
    event.pop("color_message", None)  # of uvicorn, for terminals
    if not str(event.get("logger")).startswith(OWN[0]):
        event["event"] = str(event["event"]).strip().partition("\n")[0]
    return event


def add_trace_id(logger: Any, method: str, event: EventDict) -> EventDict:
    """Add the id of the current trace, if any."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
    return event
