"""Translation of messages by a gettext catalogue, which Babel reads when the first message is told in its language."""

from collections.abc import Mapping
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import Any

from languages.negotiation import Language
from languages.sentence import Sentence, fill
from languages.words import read_values

DOMAIN = "suxin"
JOINTS = {Language.EN: ", ", Language.ZH: "、"}


@cache
def read_translations(language: Language) -> Mapping[str, str]:
    """Return the translation of each template. English has none: it is the language of the templates."""
    from babel.messages.pofile import read_po  # noqa: PLC0415 - only who tells Chinese pays for it

    if language is Language.EN:
        return {}
    with files("languages").joinpath(language, "LC_MESSAGES", f"{DOMAIN}.po").open("rb") as file:
        found = read_po(file, locale=language)
    return {str(one.id): str(one.string) for one in found if one.id and one.string and not one.fuzzy}


def translate(text: str, language: Language) -> str:
    """Return a message in a language; as it is if it has no translation."""
    if language is Language.EN:
        return text
    template, values = (text.template, text.values) if isinstance(text, Sentence) else (text, {})
    found = read_translations(language).get(template)
    if found is None:
        return text
    return fill(found, values, lambda value: _tell(value, language), JOINTS[language])


def _tell(value: Sentence | Enum, language: Language) -> Any:
    """Return the words for a value: a message in the language, an enum's value with its code."""
    if isinstance(value, Sentence):
        return translate(value, language)
    word = read_values().get((type(value).__name__, str(value.value)))
    return f"{word.chinese}（{value.value}）" if word else value.value
