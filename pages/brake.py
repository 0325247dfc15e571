"""A brake on look-ups by source address, so that names are not tried one after another. Each process counts for itself,
in memory: addresses are not stored."""

from dataclasses import dataclass, field

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from source_address import name_source

LOOK_UPS = parse_many("20/minute; 200/hour; 600/day")
"""More than a person asks, and far fewer than there are names."""


@dataclass(frozen=True)
class Brake:
    """Counts look-ups of each source: an address, or a network of IPv6 that one customer has."""

    rates: list[RateLimitItem] = field(default_factory=lambda: LOOK_UPS)
    limiter: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    def admit(self, address: str) -> bool:
        """Count a look-up. Return whether the source may make it; one that may not counts for nothing."""
        source = name_source(address)
        if not all(self.limiter.test(rate, source) for rate in self.rates):
            return False
        for rate in self.rates:
            self.limiter.hit(rate, source)
        return True
