"""Squares (QR codes, ISO/IEC 18004) that lead to a page."""

import segno


def draw_square(address: str) -> str:
    """Return a square with an address, as SVG."""
    square = segno.make(address, error="l", boost_error=False)
    return square.svg_inline(border=2, omitsize=True, svgclass="", lineclass="")
