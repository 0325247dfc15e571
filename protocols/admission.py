"""Admission: what a worker refuses before it reads it, so that it can answer the rest.

A source may have a number of connections. A caller may have as many requests in work as places are free (Choudhury and
Hahne's dynamic threshold): alone, half of them; with n callers, each one of n + 1 parts, so that there is room for
another one. Who sends credentials that are not known to be valid is the address they come from, so that nobody has more
by inventing some. How many places there are follows from the time that requests take: fewer while that is long, more
while it is short (additive increase, multiplicative decrease). A caller that is answered with nothing but 429 and goes
on asking is refused for a moment without being read.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from time import monotonic

import prometheus_client

from protocols.limits import ConnectionLimits
from protocols.stopping import Stop

STATE = "admission"
"""The name of a worker's admission in the state of its lifespan."""

SLOW_SECONDS = 0.5
"""Time in work above which fewer requests are admitted: half of what a request waits for a database connection."""

LEAST = 64
"""Requests that are always admitted, so that one caller's fill a batch (`engine/run/batching.py`)."""

SHRINK = 0.98
DEAF, HELD_OFF_SECONDS = 8, 0.25
"""Answers with 429 in a row after which a caller is held off, and for how long."""

MOST_NOTED = 10_000
"""Callers whose refusals are counted."""

REFUSED = prometheus_client.Counter("suxin_refused", "Connections and requests refused unread, by reason", ["reason"])


@dataclass
class Admission:
    """The open connections and the requests in work of one worker. identify: returns whose credentials the value of a
    field `Authorization` has, or None if that is not known."""

    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    identify: Callable[[bytes], Hashable | None] = lambda _: None
    sources: Counter[str] = field(default_factory=Counter)
    working: dict[Hashable, int] = field(default_factory=dict)
    refusals: dict[Hashable, int] = field(default_factory=dict)
    held_off: dict[Hashable, float] = field(default_factory=dict)
    opened: int = 0
    total: int = 0
    stop: Stop = field(default_factory=Stop)

    def __post_init__(self) -> None:
        self.most = float(self.limits.requests)
        self._least = min(LEAST, self.limits.requests)

    @cached_property
    def _most_connections(self) -> int:
        return self.limits.most_connections

    def open(self, source: str) -> bool:
        """Count a new connection. Return whether it may stay; it is to be closed with `close` in either case."""
        self.opened += 1
        self.sources[source] += 1
        return self.opened <= self._most_connections and self.sources[source] <= self.limits.source_connections

    def close(self, source: str) -> None:
        """Count the end of a connection."""
        self.opened -= 1
        self.sources[source] -= 1
        if not self.sources[source]:
            del self.sources[source]

    def find_caller(self, address: str, headers: Iterable[tuple[bytes, bytes]]) -> Hashable:
        """Return who asks, before that is verified: the client if its credentials are known, otherwise the source."""
        for name, value in headers:
            if name == b"authorization" and (client := self.identify(value)) is not None:
                return client
        return self.limits.find_source(address, headers)

    @property
    def has_room(self) -> bool:
        """Whether any caller may begin a request."""
        return self.total + self.total < self.most and not self.held_off

    def admits(self, caller: Hashable) -> bool:
        """Return whether a caller may begin a request."""
        free = self.most - self.total
        if self.held_off and self._is_held_off(caller):
            return False
        return free > 0 and self.working.get(caller, 0) < max(1, free)

    def is_greedy(self, caller: Hashable) -> bool:
        """Return whether a caller has all that it would have if no other one asked."""
        return self.working.get(caller, 0) >= self.most // 2

    def note(self, caller: Hashable, status: int) -> None:
        """Note the status of an answer."""
        if status != 429:
            if self.refusals:
                self.refusals.pop(caller, None)
            return
        if len(self.refusals) >= MOST_NOTED:
            self.refusals.clear()
        self.refusals[caller] = count = self.refusals.get(caller, 0) + 1
        if count >= DEAF:
            self.held_off[caller] = monotonic() + HELD_OFF_SECONDS

    def _is_held_off(self, caller: Hashable) -> bool:
        now = monotonic()
        for one in [one for one, until in self.held_off.items() if until <= now]:
            del self.held_off[one]
        return caller in self.held_off

    def begin(self, caller: Hashable) -> None:
        """Count a request in work."""
        self.total += 1
        self.working[caller] = self.working.get(caller, 0) + 1

    def end(self, caller: Hashable, seconds: float) -> None:
        """Count the end of a request. seconds: the time it was in work."""
        if seconds > SLOW_SECONDS:
            self.most = max(self._least, self.most * SHRINK)
        elif self.most < self.limits.requests:
            self.most = min(self.limits.requests, self.most + 1 / self.most)
        self.total -= 1
        left = self.working[caller] - 1
        if left:
            self.working[caller] = left
        else:
            del self.working[caller]
