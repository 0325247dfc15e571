"""The languages of the pages: Chinese, and English by a catalogue of translations (gettext)."""

from enum import StrEnum
from functools import cache
from gettext import NullTranslations
from importlib.resources import files

from babel import negotiate_locale
from babel.messages.pofile import read_po
from starlette.requests import Request

PARAMETER = "lang"


class Language(StrEnum):
    """A language, as HTML and HTTP name it (BCP 47)."""

    CHINESE = "zh-CN"
    ENGLISH = "en"

    @property
    def other(self) -> "Language":
        """The language that a page offers beside its own."""
        return Language.ENGLISH if self is Language.CHINESE else Language.CHINESE


class Translations(NullTranslations):
    """The translations of a catalogue; a text without one is left as it is."""

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__()
        self.texts = texts

    def gettext(self, message: str) -> str:
        """Return the translation of a text."""
        return self.texts.get(message, message)


@cache
def read_translations(language: Language) -> Translations:
    """Return the translations of a language. Texts are written in Chinese, which needs none."""
    if language is Language.CHINESE:
        return Translations({})
    with files("pages").joinpath("locale", f"{language}.po").open("rb") as file:
        return Translations({str(one.id): str(one.string) for one in read_po(file) if one.id})


def choose_language(request: Request) -> Language:
    """Return the language of `lang`, else the first that the browser accepts, else Chinese."""
    asked = request.query_params.get(PARAMETER)
    accepted = [part.partition(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    found = negotiate_locale([asked] if asked else accepted, [*Language, "zh"], sep="-")
    return Language.ENGLISH if found == Language.ENGLISH else Language.CHINESE
