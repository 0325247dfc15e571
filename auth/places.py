"""Places: how often something may be done at once, in all and by one owner."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from languages.sentence import say

RETRY = {"retry-after": "1"}


class BusyError(Exception):
    """There is no place. status: 429 if the owner has all of its places, otherwise 503 (RFC 6585, RFC 9110)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.headers = status, RETRY


@dataclass
class Places:
    """most: places in all; each: places of one owner. what: the name, in the plural, for messages."""

    most: int
    each: int
    what: str
    _held: Counter[Hashable] = field(default_factory=Counter)

    @contextmanager
    def hold(self, owner: Hashable) -> Iterator[None]:
        """Hold a place while the context lasts. Raises BusyError."""
        self.take(owner)
        try:
            yield
        finally:
            self.give_back(owner)

    def take(self, owner: Hashable) -> None:
        """Take a place. Raises BusyError."""
        if self._held[owner] >= self.each:
            raise BusyError(
                429, say("{each} {what} at a time, no more. Wait for one of them.", each=self.each, what=self.what)
            )
        if self._held.total() >= self.most:
            raise BusyError(503, say("There are too many {what} now. Try again later.", what=self.what))
        self._held[owner] += 1

    def give_back(self, owner: Hashable) -> None:
        """Give a place back."""
        self._held[owner] -= 1
        if not self._held[owner]:
            del self._held[owner]
