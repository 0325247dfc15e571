"""The lines of a text file: numbered, of bounded length, and put back where a reader has gone too far."""

from collections import deque
from typing import TextIO

LONGEST_LINE = 65536
"""Characters of a line, and bytes of a file's beginning that are looked at. No line of an export comes near it."""


class Lines:
    """Lines with their numbers. A longer one than LONGEST_LINE is cut, so that memory does not grow with it."""

    def __init__(self, text: TextIO, ending: str) -> None:
        self._text = text
        self._ending = ending
        self._number = 0
        self._back: deque[tuple[int, str]] = deque()

    def skip(self, count: int) -> None:
        """Pass over lines."""
        for _ in range(count):
            self.take()

    def take(self) -> tuple[int, str] | None:
        """The next line and its number; None at the end."""
        if self._back:
            return self._back.popleft()
        line = self._text.readline(LONGEST_LINE + 1)
        if not line:
            return None
        self._number += 1
        if len(line) > LONGEST_LINE:
            rest = line
            while rest and not rest.endswith(self._ending):
                rest = self._text.readline(LONGEST_LINE)
        return self._number, line

    def put_back(self, lines: list[tuple[int, str]]) -> None:
        """Give lines back, which are taken again in their order."""
        self._back.extendleft(reversed(lines))
