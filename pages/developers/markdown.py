"""Markdown of `docs/` as HTML: headings with anchors, links between documents as links between pages, no raw HTML."""

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

READER = MarkdownIt("commonmark", {"html": False}).enable("table")
PUNCTUATION = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class DocumentHtml:
    """A document. title: its first heading. html: the rest."""

    title: str
    html: str


def write_html(text: str, folder: str, locate: Callable[[str], str | None]) -> DocumentHtml:
    """Return a document as HTML. folder: where it lies, so that relative links can be resolved. locate: returns the
    address of a file by its path in the repository; None where it has no page, so that only its text remains."""
    tokens = READER.parse(text)
    _name_headings(tokens)
    for token in tokens:
        token.children = _relink(token.children or [], folder, locate) if token.children is not None else None
    title, rest = _split_title(tokens)
    html: str = READER.renderer.render(rest, READER.options, {})
    html = html.replace("<table>", '<div class="scroll" tabindex="0" role="group"><table>')
    return DocumentHtml(title, html.replace("</table>", "</table></div>").replace("<pre>", '<pre tabindex="0">'))


def _name_headings(tokens: Sequence[Token]) -> None:
    """Give each heading the anchor that code forges give it."""
    for opened, inline in pairwise(tokens):
        if opened.type == "heading_open":
            opened.attrSet("id", PUNCTUATION.sub("", inline.content.lower()).strip().replace(" ", "-"))


def _relink(children: Sequence[Token], folder: str, locate: Callable[[str], str | None]) -> list[Token]:
    kept, dropping = [], False
    for token in children:
        if token.type == "link_open":
            path, mark, anchor = str(token.attrGet("href")).partition("#")
            address = path if "://" in path or not path else locate(posixpath.normpath(posixpath.join(folder, path)))
            dropping = address is None
            token.attrSet("href", f"{address}{mark}{anchor}")
        if not (dropping and token.type in {"link_open", "link_close"}):
            kept.append(token)
    return kept


def _split_title(tokens: Sequence[Token]) -> tuple[str, Sequence[Token]]:
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        return tokens[1].content, tokens[3:]
    return "", tokens
