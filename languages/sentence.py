"""Sentences for people, which can be told in another language.

    raise Refusal("TOO_EARLY", say("This may be repaired from {first} on (R9).", first=first), "Apply again then.")

A sentence without values is its own template: an ordinary string. `languages.extraction` finds both in the sources.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any


class Sentence(str):
    """An English sentence that knows the template and the values that it was made of."""

    template: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        """Return the sentence itself, so that an exception hands it on with its template."""
        return self


def say(template: str, **values: Any) -> Sentence:
    """Return a sentence. template: in the syntax of `str.format`. values: also messages, enums, and lists of them."""
    return template if isinstance(template, Sentence) else reword(template, values)


def either(values: Sequence[Any]) -> Any:
    """Return the words for a choice of some values."""
    first, *others = values
    return say("{first} or {second}", first=first, second=either(others)) if others else first


def reword(template: str, values: Mapping[str, Any]) -> Sentence:
    """Return a sentence of a template that is not written here, such as one of a library."""
    sentence = Sentence(fill(template, values, _tell_plainly, ", "))
    sentence.template, sentence.values = template, values
    return sentence


def fill(template: str, values: Mapping[str, Any], tell: Callable[[Any], Any], joint: str) -> str:
    """Fill a template. tell: returns the words for a message or an enum. joint: stands between the members of lists."""
    if not values:
        return template

    def show(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return joint.join(str(show(one)) for one in value)
        return tell(value) if isinstance(value, Sentence | Enum) else value

    return template.format(**{name: show(value) for name, value in values.items()})


def _tell_plainly(value: Sentence | Enum) -> Any:
    return value.value if isinstance(value, Enum) else value
