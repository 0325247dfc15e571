"""The language of a page: texts are written in Chinese, and have their English in a catalogue (gettext)."""

from functools import cache
from gettext import NullTranslations
from importlib.resources import files

from babel.messages.pofile import read_po
from starlette.requests import Request

from languages.negotiation import HEADER, Language, choose_language
from languages.words import read_values

PARAMETER = "lang"
TAGS = {Language.ZH: "zh-CN", Language.EN: "en"}
"""Languages as HTML and HTTP name them (BCP 47)."""

OTHER = {Language.ZH: Language.EN, Language.EN: Language.ZH}


class PageTexts(NullTranslations):
    """The texts of pages in a language; one without a translation is left as it is."""

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__()
        self.texts = texts

    def gettext(self, message: str) -> str:
        """Return a text."""
        return self.texts.get(message, message)


@cache
def read_texts(language: Language) -> PageTexts:
    """Return the texts in a language."""
    if language is Language.ZH:
        return PageTexts({})
    with files("pages").joinpath("locale", f"{language}.po").open("rb") as file:
        return PageTexts({str(one.id): str(one.string) for one in read_po(file) if one.id})


def find_language(request: Request) -> Language:
    """Return the language that `lang` names, else what the browser likes best, else Chinese."""
    asked = request.query_params.get(PARAMETER) or request.headers.get(HEADER)
    return choose_language(asked, Language.ZH)


def put(text: str, request: Request) -> str:
    """Return a text in the language of a request."""
    return read_texts(find_language(request)).gettext(text)


def name_member(value: str, enum: str, language: Language) -> str:
    """Return the words for a value of an enum of the schema; the value itself if there are none."""
    words = read_values().get((enum, value))
    if words is None:
        return value
    return words.chinese if language is Language.ZH else words.english
