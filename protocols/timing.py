"""How often a connection is looked at."""

from protocols.limits import ConnectionLimits

LONGEST = 1.0
"""Seconds by which a limit of time may be exceeded."""


def choose_interval(limits: ConnectionLimits) -> float:
    """Return the interval in seconds: a quarter of the shortest limit, at most a second."""
    return min(LONGEST, limits.head_seconds / 4, limits.body_seconds / 4, limits.send_seconds / 4)
