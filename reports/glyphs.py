"""The characters of a report's font, read from its `cmap` table (OpenType)."""

import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn

FONTS = Path(pylopdf_fonts_zh_cn.__file__).parent
"""Noto Sans SC (OFL), embedded in each report."""

FONT = FONTS / "NotoSansSC-Regular.otf"
PLACEHOLDER = "〓"
"""The replacement of a character that the font lacks (U+3013)."""

SELECTOR = "VARIATION SELECTOR"

SEGMENTED = 12
"""The format of a `cmap` subtable with characters beyond U+FFFF."""


def replace_missing(text: str) -> str:
    """Replace the characters that the font lacks, and drop invisible ones. Blanks stay."""
    return "".join(_glyph(one) for one in text)


def _glyph(character: str) -> str:
    if ord(character) in read_characters() or character in "\n\t":
        return character
    invisible = unicodedata.category(character) == "Cf" or unicodedata.name(character, "").startswith(SELECTOR)
    return "" if invisible else PLACEHOLDER


@cache
def read_characters() -> frozenset[int]:
    """Return the characters for which the font has a glyph."""
    font = FONT.read_bytes()
    start = _table(font, b"cmap")
    (count,) = struct.unpack_from(">H", font, start + 2)
    offsets = (struct.unpack_from(">HHI", font, start + 4 + 8 * place)[2] for place in range(count))
    return frozenset(code for offset in set(offsets) for code in _segments(font, start + offset))


def _table(font: bytes, name: bytes) -> int:
    """Return the offset of a table of the font."""
    count = struct.unpack_from(">H", font, 4)[0]
    entries = (struct.unpack_from(">4sIII", font, 12 + 16 * place) for place in range(count))
    return int(next(start for tag, _, start, _ in entries if tag == name))


def _segments(font: bytes, start: int) -> Iterator[int]:
    """Yield the characters of a segmented subtable, which contains those of the others."""
    if struct.unpack_from(">H", font, start)[0] == SEGMENTED:
        (count,) = struct.unpack_from(">I", font, start + 12)
        for place in range(count):
            first, last, _ = struct.unpack_from(">III", font, start + 16 + 12 * place)
            yield from range(first, last + 1)
