"""Whether a serving process answers requests, told to the process that started it."""

from typing import Any

OPENED = "gate"
"""The name of the gate in the state of the lifespan (`transport.health.Gate`)."""


def is_open(state: dict[str, Any]) -> bool:
    """Return whether requests are answered. state: of the lifespan."""
    return bool(OPENED not in state or state[OPENED].opened)
