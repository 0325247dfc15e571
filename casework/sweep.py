"""Sweeps through keys, by which a job looks for rows that lack what is derived from them."""

import sys
from dataclasses import dataclass

LEAST = 500
"""Old keys of a turn as long as nothing is found."""

ALL = sys.maxsize
"""As `seen`: what is there at the first turn is not new."""

WITHIN = "(id > :new_after AND id <= :new_until OR id > :old_after AND id <= :old_until)"
"""The condition that the row of a key is looked at in a turn."""


@dataclass
class Sweep:
    """Looks at new keys at once, and at all others again and again: slowly, unless something is found.

    A row may be committed after rows with greater keys, may be left out because somebody writes, or may lose what is
    derived from it: the repeated turns find it. window: keys of a turn at most. seen: the greatest key that was new.
    after: how far the repeated turns are. found: whether the last turn found something; to be set by the caller.
    """

    window: int
    seen: int = 0
    after: int = 0
    found: bool = False

    def take_turn(self, last: int) -> dict[str, int]:
        """Return the next keys to look at, as values for `WITHIN`. last: the greatest key that there is."""
        new_after = min(self.seen, last)
        old_after = self.after if self.after < new_after else 0
        self.after = min(old_after + (self.window if self.found else LEAST), new_after)
        self.seen = min(new_after + self.window, last)
        return {"new_after": new_after, "new_until": self.seen, "old_after": old_after, "old_until": self.after}
