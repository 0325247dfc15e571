"""Numbered lines of a text file, with bounded length and the ability to put lines back."""

from collections import deque
from typing import TextIO

LONGEST_LINE = 65536
"""Characters per line, and bytes that are read to detect the layout."""


class Lines:
    """Lines with their numbers. Longer lines than LONGEST_LINE are truncated, to bound memory."""

    def __init__(self, text: TextIO, ending: str) -> None:
        self._text = text
        self._ending = ending
        self._number = 0
        self._back: deque[tuple[int, str]] = deque()

    def skip(self, count: int) -> None:
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
        """Put lines back, in their order."""
        self._back.extendleft(reversed(lines))
