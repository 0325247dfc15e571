"""Workbooks made part by part, for what no library writes: errors, formulas without values, foreign prefixes."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "application/vnd.openxmlformats-package.relationships+xml"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"

STYLES = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
"""Style 1 is a date."""

STATES = ("visible", "hidden")
Cell = str | tuple[str, str]
"""A text, or attributes and content of a cell."""


def sheet(rows: Sequence[Sequence[Cell]], *, references: bool = True, prefix: str = "") -> str:
    """The XML of a sheet. references: whether cells say where they stand. prefix: of the names of elements."""
    p = f"{prefix}:" if prefix else ""
    lines = ""
    for number, row in enumerate(rows, 1):
        where = f' r="{number}"' if references else ""
        lines += f"<{p}row{where}>{''.join(_cells(row, number, p, references))}</{p}row>"
    declared = f"xmlns:{prefix}" if prefix else "xmlns"
    return f'<{p}worksheet {declared}="{MAIN}"><{p}sheetData>{lines}</{p}sheetData></{p}worksheet>'


def _cells(row: Sequence[Cell], number: int, p: str, references: bool) -> list[str]:
    cells = []
    for place, cell in enumerate(row):
        where = f' r="{chr(65 + place)}{number}"' if references else ""
        if isinstance(cell, tuple):
            cells.append(f"<{p}c{where} {cell[0]}>{cell[1]}</{p}c>")
        else:
            cells.append(f'<{p}c{where} t="inlineStr"><{p}is><{p}t>{escape(cell)}</{p}t></{p}is></{p}c>')
    return cells


def write_workbook(
    path: Path, sheets: Mapping[str, str], *, counts_from_1904: bool = False, root: str = "", hidden: Sequence[str] = ()
) -> Path:
    """A workbook of sheets in XML. root: what stands before the targets of relations, such as /xl/."""
    entries = "".join(
        f'<sheet name="{name}" sheetId="{n}" state="{STATES[name in hidden]}" r:id="rId{n}"/>'
        for n, name in enumerate(sheets, 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="{root}worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{SHEET}.worksheet+xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{TYPES}"><Default Extension="rels" ContentType="{PACKAGE}"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET}.sheet.main+xml"/>{overrides}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
        f'<workbookPr date1904="{int(counts_from_1904)}"/><sheets>{entries}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">{relations}<Relationship Id="rId99"'
        f' Type="{OFFICE}/styles" Target="{root}styles.xml"/></Relationships>',
        "xl/styles.xml": STYLES,
        **{f"xl/worksheets/sheet{n}.xml": xml for n, xml in enumerate(sheets.values(), 1)},
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return path
