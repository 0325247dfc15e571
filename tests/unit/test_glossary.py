"""The glossary: each term once, in both languages."""

import re
from pathlib import Path

GLOSSARY = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text()
ROWS = [row for row in re.findall(r"(?m)^\| (.+?) \| (.+?) \| (.+?) \|$", GLOSSARY) if row[0] != "term"]


def test_each_term_stands_once_in_each_language() -> None:
    assert len(ROWS) > 50
    for terms in zip(*ROWS, strict=True):
        assert sorted(set(terms)) == sorted(terms)


def test_the_chinese_terms_are_chinese() -> None:
    assert [chinese for _, chinese, _ in ROWS if not re.fullmatch(r"[\u4e00-\u9fff]+", chinese)] == []
