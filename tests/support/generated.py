"""Sizes of the generated suites: small for `make test`, multiplied by TEST_SCALE for `make check-deep`."""

import os
from typing import Any

from hypothesis import HealthCheck, settings

SCALE = int(os.environ.get("TEST_SCALE", "1"))
SEED = int(os.environ.get("TEST_SEED", "20261121"))
OPERATIONS = int(os.environ.get("TEST_OPERATIONS", "40"))
"""Operations that each audience asks of both executors."""


def sized(examples: int, **others: Any) -> settings:
    """Settings of a test on a database: so many examples, without a deadline, fixtures shared between examples."""
    return settings(max_examples=examples * SCALE, deadline=None, suppress_health_check=list(HealthCheck), **others)
