"""The language and the media type of an answer, by Accept-Language and Accept (RFC 9110, section 12.5)."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from functools import lru_cache
from operator import itemgetter

HEADER = "accept-language"
LONGEST_HEADER = 500
"""Characters of a header that are read."""


class Language(StrEnum):
    """A language in which messages are told."""

    EN = "en"
    ZH = "zh"


@lru_cache(256)
def choose_language(accepted: str | None, default: Language = Language.EN) -> Language:
    """Return the language that a client likes best; `default` if it names none of ours. A region or a script is
    ignored: zh-CN, zh-Hant and zh are Chinese, and so is zh_CN, which Java and Python programs send. A malformed part
    of the header is ignored."""
    named = list(_read_languages((accepted or "")[:LONGEST_HEADER]))
    best = max(named, key=lambda one: one[1], default=(default, 0.0))
    return best[0] if best[1] > 0 else default


def _read_languages(accepted: str) -> Iterator[tuple[Language, float]]:
    for name, weight in _read_weights(accepted):
        with suppress(ValueError):
            yield Language(name.replace("_", "-").partition("-")[0]), weight


def prefers(accepted: Sequence[str], media_type: str, to: str = "") -> bool:
    """Return whether a client names a media type, and likes it no less than `to`. Wildcards name none: who sends them
    takes what the address answers by itself. accepted: the values of the header, as many as were sent."""
    return _prefers(",".join(accepted)[:LONGEST_HEADER], media_type, to)


@lru_cache(256)
def _prefers(accepted: str, media_type: str, to: str) -> bool:
    weights = dict(sorted(_read_weights(accepted), key=itemgetter(1)))  # of one that is named twice, the higher
    return weights.get(media_type, 0.0) > 0 and weights[media_type] >= weights.get(to, 0.0)


def _read_weights(accepted: str) -> Iterator[tuple[str, float]]:
    """Yield what a header names, in lower case and without its parameters, and the weight of each (RFC 9110, section
    12.4.2). A part whose weight is malformed is ignored."""
    for part in accepted.lower().split(","):
        name, *parameters = (one.strip() for one in part.split(";"))
        told = [one.removeprefix("q=") for one in parameters if one.startswith("q=")]
        try:
            weight = float(told[0]) if told else 1.0
        except ValueError:
            continue
        if 0 <= weight <= 1:  # neither "nan" nor "inf"
            yield name, weight
