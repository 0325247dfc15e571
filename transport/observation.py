"""What is told of a request to those who run the service: never a name, a number, a token, a variable or a document."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any
from uuid import UUID, uuid4

from auth.principal import Principal
from engine.document.document import Operation

OK = "OK"
"""The outcome of an answer without errors. What a mutation refuses in its payload is such an answer, too."""

OBSERVED = "suxin.observation"


@dataclass(slots=True)
class Observation:
    """What becomes known of one request while it is answered.

    began, admitted: nanoseconds of `perf_counter_ns`; admitted: when it was known who asks what, and paid for.
    outcome: `OK`, or the code of the first error: the service's own words, all of them.
    """

    request_id: UUID = field(default_factory=uuid4)
    began: int = field(default_factory=perf_counter_ns)
    admitted: int | None = None
    principal: Principal | None = None
    operation: Operation | None = None
    cost: int | None = None
    outcome: str = OK
    told: bool = False

    def admit(self, cost: int) -> None:
        """It is known who asks what, and that it may be."""
        self.cost, self.admitted = cost, perf_counter_ns()

    def milliseconds(self) -> float:
        """How long it has taken until now."""
        return round((perf_counter_ns() - self.began) / 1e6, 3)


def observe(scope: MutableMapping[str, Any]) -> Observation:
    """The observation of the request in an ASGI scope; a new one where nobody observes."""
    found: Observation | None = scope.get(OBSERVED)
    return found or Observation()
