"""The database time of a request."""

from dataclasses import dataclass


@dataclass(slots=True)
class Meter:
    """seconds: for which the request has used a connection; its part of the calls that answer several requests."""

    seconds: float = 0.0
