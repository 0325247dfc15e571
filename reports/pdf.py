"""The PDF of a report, typeset from `report.typ` with the QR code of its page and the JWS."""

import io
from dataclasses import asdict, replace
from pathlib import Path

import orjson
import segno
import typst

from reports.glyphs import FONTS, PLACEHOLDER, replace_missing
from reports.layout import ReportLayout, lay_out
from reports.viewer import ReportView

TEMPLATE = Path(__file__).with_name("report.typ")
LACKING = (
    f"{PLACEHOLDER} 表示字体缺少的字，以签名文件为准。 "
    f"{PLACEHOLDER} stands for a character that the font lacks; the signed file holds it."
)


def typeset(viewed: ReportView, address: str) -> bytes:
    """Return the PDF of a report; deterministic. address: of its page. Blocking, to be run in a thread."""
    report = asdict(make_printable(lay_out(viewed.claims))) | {
        "address": address,
        "jws": viewed.jws,
        "issued": viewed.claims["iat"],
    }
    made: bytes = typst.compile(
        TEMPLATE,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"report": orjson.dumps(report).decode(), "code": draw_code(address)},
        pdf_standards="a-3a",
    )
    return made


def make_printable(laid: ReportLayout) -> ReportLayout:
    """Replace the characters that the font lacks, and add a notice if there are any."""
    facts = [(replace_missing(name), replace_missing(value)) for name, value in laid.facts]
    tables = [
        replace(table, rows=[[replace_missing(cell) for cell in row] for row in table.rows]) for table in laid.tables
    ]
    whole = (facts, tables) == (list(laid.facts), list(laid.tables))
    return replace(laid, facts=facts, tables=tables, notices=[*laid.notices, *([] if whole else [LACKING])])


def draw_code(address: str) -> str:
    """Return the QR code of an address as SVG."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", border=2)
    return drawn.getvalue().decode()
