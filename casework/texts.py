"""Texts that people write into the procedure: what may be kept of them (R18)."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from casework.refusal import Refusal
from models.identifiers import is_person_number

LONGEST = 2_000
"""Characters of a reason, a statement, a commitment."""

MARKS = "\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Control characters beyond ASCII, halves of characters, and marks that make text read otherwise than it is (UAX 9)."""

UNREADABLE = re.compile(f"[\x00-\x08\x0b-\x1f{MARKS}]")
"""What no text may hold; tabs and line ends it may."""

DIGITS = re.compile(r"(?<![0-9])(?:[1-9][0-9]{16}[0-9Xx]|[1-9][0-9]{14})(?![0-9])")
"""What may be a resident ID number, of today or of before 1999, wherever it stands."""


UNCHECKED = ("id_number", "organization_code", "document", "variables")
"""Fields of an input that hold an identity number and nothing else, of which a keyed hash is made; and a document and
its variables, which are kept sealed.
"""


def check_texts(given: Mapping[str, Any], path: str = "") -> None:
    """Check every text of an input, and of what it holds. Raises Refusal BAD_TEXT with the field."""
    for name, value in given.items():
        if name in UNCHECKED:
            continue
        if isinstance(value, Mapping):
            check_texts(value, f"{path}{name}.")
        elif isinstance(value, list):
            check_texts({str(place): one for place, one in enumerate(value)}, f"{path}{name}.")
        elif isinstance(value, str):
            check_text(value, f"{path}{name}")


def check_text(text: str, field: str) -> None:
    """Raise Refusal BAD_TEXT for what is too long, cannot be read, or holds an identity number."""
    if len(text) > LONGEST:
        raise Refusal("BAD_TEXT", f"This is longer than {LONGEST} characters.", "Shorten it.", field)
    if UNREADABLE.search(text):
        raise Refusal("BAD_TEXT", "This holds control characters or broken Unicode.", "Type it anew.", field)
    if holds_identity_number(text):
        raise Refusal(
            "BAD_TEXT", "This holds a resident ID number, which is never stored (R18).", "Leave it out.", field
        )


def holds_identity_number(text: str) -> bool:
    """Whether a resident ID number stands anywhere in a text, in digits of any width, with blanks or without (R18)."""
    plain = unicodedata.normalize("NFKC", text)
    written = (plain, re.sub(r"[\s-]+", "", plain))
    return any(is_person_number(found) for one in written for found in DIGITS.findall(one))
