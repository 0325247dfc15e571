"""Characters that no text may hold which is kept, shown or sent on: controls, surrogates, and bidirectional marks."""

import re
from typing import Any

MARKS = "\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Control characters beyond ASCII, surrogates, and bidirectional formatting characters (UAX 9)."""

UNREADABLE = re.compile(f"[\x00-\x08\x0b-\x1f{MARKS}]")
UNREADABLE_LINE = re.compile(f"[\x00-\x1f{MARKS}]")


def is_line(text: str) -> bool:
    """Return whether a text is one readable line and not blank, whichever version of Unicode its characters are of."""
    return bool(text.strip()) and not UNREADABLE_LINE.search(text)


def is_readable(value: Any) -> bool:
    """Return whether all texts of a JSON value are readable, names of members included. Python's JSON parser lets lone
    surrogates through, which no UTF-8 has (RFC 8259, section 8.2), and U+0000, which PostgreSQL does not store."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str) and UNREADABLE.search(one):
            return False
        if isinstance(one, dict):
            pending.extend((*one, *one.values()))
        elif isinstance(one, list):
            pending.extend(one)
    return True
