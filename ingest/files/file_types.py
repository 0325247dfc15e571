"""Detect files of other types, and say what to do with them."""

import mmap
import re
from pathlib import Path
from typing import BinaryIO

from ingest.report import ImportFileError

BINARY = {
    b"\xff\xfe": "UTF-16 text: save it as CSV in UTF-8",
    b"\xfe\xff": "UTF-16 text: save it as CSV in UTF-8",
    b"%PDF": "a PDF document: export the table as CSV",
    b"\x1f\x8b": "compressed: unpack it",
    b"Rar!": "compressed: unpack it",
    b"7z\xbc\xaf": "compressed: unpack it",
    b"{\\rtf": "a text document: export the table as CSV",
}
OLE = b"\xd0\xcf\x11\xe0"
ENCRYPTED = "EncryptionInfo".encode("utf-16-le")
"""The stream in an encrypted workbook (MS-OFFCRYPTO 2.3.1)."""

LOCKED = "a workbook with a password: open it in Excel, take the password off (文件 → 信息 → 保护工作簿), and save it"
MARKUP = (
    (re.compile(rb"MIME-Version:", re.IGNORECASE), "a web archive"),
    (
        re.compile(rb"<\?xml.*?(?:mso-application|urn:schemas-microsoft-com:office:spreadsheet)", re.DOTALL),
        "an XML table",
    ),
    (re.compile(rb"<(?:!doctype\s+html|html|head|meta|body|table|style|div)\b", re.IGNORECASE), "a web page"),
    (re.compile(rb"<\?xml\b"), "an XML document"),
)
"""File types that reporting systems save as .xls."""

BEGINNING = 2048


def open_file(path: Path) -> BinaryIO:
    """Open an export. Raises ImportFileError if it is missing, empty or of another type."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise ImportFileError(
            f"{path} cannot be read ({error.strerror}). Check its name and its permissions."
        ) from error
    try:
        foreign = _foreign(file)
    except BaseException:
        file.close()
        raise
    if foreign:
        file.close()
        raise ImportFileError(f"{path} is {foreign}.")
    return file


def _foreign(file: BinaryIO) -> str | None:
    """Describe the file if it is no export. The position is left at the start."""
    start = file.read(BEGINNING)
    file.seek(0)
    if not start:
        return "empty: export it again"
    if start.startswith(OLE):
        return LOCKED if _holds(file, ENCRYPTED) else "an old Excel workbook: save it as .xlsx"
    found = next((what for magic, what in BINARY.items() if start.startswith(magic)), None)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    markup = next((what for pattern, what in MARKUP if pattern.match(text)), None)
    if markup:
        return f"{markup} and no workbook, whatever its name says: open it in Excel, and save it as .xlsx"
    return found


def _holds(file: BinaryIO, needle: bytes) -> bool:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(needle) >= 0
