"""Which characters a report's font can show, read from the font itself (OpenType, table `cmap`)."""

import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn

FONTS = Path(pylopdf_fonts_zh_cn.__file__).parent
"""Noto Sans SC (OFL): the characters that a report uses go into it, so that it looks the same everywhere."""

FONT = FONTS / "NotoSansSC-Regular.otf"
PLACEHOLDER = "〓"
"""What stands on paper for a character that the font lacks, as printers have it (U+3013)."""

SELECTOR = "VARIATION SELECTOR"

SEGMENTED = 12
"""The format of a table of characters that reaches beyond the first 65,536."""


def replace_missing(text: str) -> str:
    """A text with a placeholder for each character that the font lacks. Blanks stay; what is invisible is left out."""
    return "".join(_glyph(one) for one in text)


def _glyph(character: str) -> str:
    if ord(character) in read_characters() or character in "\n\t":
        return character
    invisible = unicodedata.category(character) == "Cf" or unicodedata.name(character, "").startswith(SELECTOR)
    return "" if invisible else PLACEHOLDER


@cache
def read_characters() -> frozenset[int]:
    """The characters that the font has a glyph for."""
    font = FONT.read_bytes()
    start = _table(font, b"cmap")
    (count,) = struct.unpack_from(">H", font, start + 2)
    offsets = (struct.unpack_from(">HHI", font, start + 4 + 8 * place)[2] for place in range(count))
    return frozenset(code for offset in set(offsets) for code in _segments(font, start + offset))


def _table(font: bytes, name: bytes) -> int:
    """Where a table of the font begins."""
    count = struct.unpack_from(">H", font, 4)[0]
    entries = (struct.unpack_from(">4sIII", font, 12 + 16 * place) for place in range(count))
    return int(next(start for tag, _, start, _ in entries if tag == name))


def _segments(font: bytes, start: int) -> Iterator[int]:
    """The characters of a segmented table; a font as wide as this one has one, which holds what its others hold."""
    if struct.unpack_from(">H", font, start)[0] == SEGMENTED:
        (count,) = struct.unpack_from(">I", font, start + 12)
        for place in range(count):
            first, last, _ = struct.unpack_from(">III", font, start + 16 + 12 * place)
            yield from range(first, last + 1)
