"""A report on paper: typeset from `report.typ`, with the code of its page and the signed text inside."""

import io
from dataclasses import asdict
from pathlib import Path

import orjson
import pylopdf_fonts_zh_cn
import segno
import typst

from reports.desk import Viewed
from reports.layout import laid_out

TEMPLATE = Path(__file__).with_name("report.typ")
FONTS = Path(pylopdf_fonts_zh_cn.__file__).parent
"""Noto Sans SC (OFL): the characters that a report uses go into it, so that it looks the same everywhere."""


def typeset(viewed: Viewed, address: str) -> bytes:
    """The PDF of a report, the same bytes each time. address: of its page. For a thread: it takes a while."""
    report = asdict(laid_out(viewed.claims)) | {"address": address, "jws": viewed.jws, "issued": viewed.claims["iat"]}
    made: bytes = typst.compile(
        TEMPLATE,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"report": orjson.dumps(report).decode(), "code": code_of(address)},
        pdf_standards="a-3a",
    )
    return made


def code_of(address: str) -> str:
    """The QR code of an address, as SVG."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", border=2)
    return drawn.getvalue().decode()
