"""The language of an answer, from the header Accept-Language (RFC 9110, section 12.5.4)."""

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache

HEADER = "accept-language"
LONGEST_HEADER = 500


class Language(StrEnum):
    """A language in which messages are told."""

    EN = "en"
    ZH = "zh"


@lru_cache(256)
def choose_language(accepted: str | None, default: Language = Language.EN) -> Language:
    """Return the language that a client likes best; `default` if it names none of ours. A region or a script is
    ignored: zh-CN, zh-Hant and zh are Chinese, and so is zh_CN, which Java and Python programs send. A malformed part
    of the header is ignored."""
    named = list(_read_weights((accepted or "")[:LONGEST_HEADER]))
    best = max(named, key=lambda one: one[1], default=(default, 0.0))
    return best[0] if best[1] > 0 else default


def _read_weights(accepted: str) -> Iterator[tuple[Language, float]]:
    for part in accepted.split(","):
        name, _, parameter = part.strip().lower().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
            if 0 <= weight <= 1:  # neither "nan" nor "inf"
                yield Language(name.strip().replace("_", "-").partition("-")[0]), weight
        except ValueError:
            continue
