"""Texts that people write into the procedure: length, characters, and no identity numbers (R18)."""

import re
from collections.abc import Mapping
from typing import Any

from casework.refusal import Refusal
from languages.sentence import say
from models.number_recogniser import holds_identity_number
from models.readable import UNREADABLE

LONGEST = 2_000
"""Characters of a reason, a statement, a commitment."""

UNCHECKED = ("id_number", "organization_code", "document", "variables")
"""Fields of an input that hold an identity number, which is hashed, or a document, which is sealed."""


def check_texts(given: Mapping[str, Any], path: str = "") -> None:
    """Check all texts of an input, nested ones included. Raises Refusal BAD_TEXT with the path of the field."""
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
    """Raise Refusal BAD_TEXT for a text that is too long, is unreadable, or holds an identity number."""
    if fault := find_fault(text, LONGEST):
        raise Refusal("BAD_TEXT", *fault, field)
    if holds_identity_number(text):
        message = "This holds a resident ID number, which is never stored (R18)."
        raise Refusal("BAD_TEXT", message, "Leave it out.", field)


def strip_text(text: str, longest: int, refusal: Refusal) -> str:
    """Return a text, stripped. Raises `refusal` for a blank or longer text, or one with an identity number (R18)."""
    stripped = text.strip()
    if not 0 < len(stripped) <= longest or holds_identity_number(stripped):
        raise refusal
    return stripped


def find_fault(
    text: str, longest: int, unreadable: re.Pattern[str] = UNREADABLE, what: str = ""
) -> tuple[str, str] | None:
    """Return a sentence on an unacceptable text, and a hint; None for an acceptable one. what: the text's name."""
    named = f"`{what}`" if what else say("This")
    if len(text) > longest:
        message = say("{what} is longer than {longest} characters.", what=named, longest=longest)
        return message, say("Shorten it.")
    if unreadable.search(text):
        return say("{what} holds control characters or broken Unicode.", what=named), say("Type it anew.")
    return None
