"""Facts about a request for logs, metrics and traces, without names, numbers, tokens, variables and documents."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any
from uuid import UUID, uuid4

from auth.budget import Charge
from auth.principal import Principal
from engine.document.document import Operation

OK = "OK"
"""The outcome of a response without errors, including a mutation refused in its payload."""

OBSERVED = "suxin.observation"


@dataclass(slots=True)
class Observation:
    """Facts about one request, collected while it is answered. began, admitted: in nanoseconds of `perf_counter_ns`;
    admitted: when the request was authorized and charged. cost: as computed in advance. outcome: `OK`, or the code of
    the first error."""

    request_id: UUID = field(default_factory=uuid4)
    began: int = field(default_factory=perf_counter_ns)
    admitted: int | None = None
    principal: Principal | None = None
    operation: Operation | None = None
    cost: int | None = None
    charge: Charge | None = None
    outcome: str = OK
    told: bool = False

    def admit(self, cost: int, charge: Charge | None = None) -> None:
        """Record that the request was authorized and charged."""
        self.cost, self.charge, self.admitted = cost, charge, perf_counter_ns()

    def charged(self) -> int | None:
        """Return the points that the request was charged; None if nothing was computed."""
        return self.charge.actual if self.charge and self.charge.actual is not None else self.cost

    def milliseconds(self) -> float:
        """Return the time since the request began."""
        return round((perf_counter_ns() - self.began) / 1e6, 3)


def observe(scope: MutableMapping[str, Any]) -> Observation:
    """Return the observation of the request in an ASGI scope; a new one without the middleware."""
    found: Observation | None = scope.get(OBSERVED)
    return found or Observation()
