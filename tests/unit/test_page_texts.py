"""The texts of pages: each has a translation, and each translation is of a text."""

import re
from collections.abc import Iterator
from pathlib import Path

from languages.negotiation import Language
from pages.language import read_texts

ROOM = Path(__file__).parents[2] / "pages"
IN_TEMPLATES = re.compile(r'_\("([^"]+)"')
IN_MODULES = re.compile(r'"([^"\n]*[\u4e00-\u9fff][^"\n]*)"')


def list_texts() -> Iterator[str]:
    """The texts that templates and modules have translated. The first page has both languages in its template."""
    for file in [*ROOM.rglob("*.html"), *ROOM.rglob("*.py")]:
        if file.name not in {"home.html", "home.py"}:
            pattern = IN_TEMPLATES if file.suffix == ".html" else IN_MODULES
            code = re.sub(r'""".*?"""', "", file.read_text("utf-8"), flags=re.DOTALL)
            yield from pattern.findall(code)


def test_every_text_has_a_translation() -> None:
    english = read_texts(Language.EN).texts
    assert sorted({text for text in list_texts() if text not in english and "(pages)" not in text}) == []


def test_every_translation_is_of_a_text() -> None:
    home = {"没有此页面", "地址可能有误，或页面已移走。", "请从首页开始。"}
    assert read_texts(Language.EN).texts.keys() - set(list_texts()) - home == set()


UNESCAPED = {
    "developers/document.html": "document.html",
    "look/result.html": "square",
    "me/sharing.html": "made.square",
}
"""The markup that is written as it is, by page: of the documentation, and the squares that the service draws."""


def test_what_is_shown_is_escaped_but_for_the_service_s_own_markup() -> None:
    """Names come from files of courts: a name with markup of its own ran in the browsers of officers elsewhere."""
    folders = [ROOM / "templates", ROOM.parent / "auth/server/pages", ROOM.parent / "reports/pages"]
    found = {
        str(path.relative_to(folder)): written
        for folder in folders
        for path in folder.rglob("*.html")
        for written in re.findall(r"{{\s*(\S+)\s*\|\s*safe\s*}}", path.read_text())
    }
    texts = [path.read_text() for folder in folders for path in folder.rglob("*.html")]
    assert found == UNESCAPED
    assert len(texts) > len(UNESCAPED)
    assert sum(text.count("safe }}") for text in texts) == len(UNESCAPED)
    assert not [text for text in texts if re.search(r"autoescape|Markup|{%\s*raw", text)]
