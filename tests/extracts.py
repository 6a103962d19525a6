"""Files as a council's extract writes them, good and bad, and what is read of them."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

from alerting.casedata.snapshot import TableReading
from alerting.sources.files.source import Source
from tests.small_council import read

HEADER = "pers_person_id,pers_ethnicity,pers_dob\n"
PERSON = {"ssd_person": frozenset({"pers_person_id", "pers_ethnicity", "pers_dob"})}
A_DAY = date(2010, 2, 28)


def people(folder: Path, content: str | bytes, name: str = "ssd_person.csv", **options: str) -> tuple[list[tuple], TableReading]:
    """Write one file, read it, and give its rows as (date of birth, ethnicity, id), and the reading."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    rows, readings = read(Source(type="files", path=folder, **options), PERSON)
    return rows["ssd_person"], readings["ssd_person"]


def ids(rows: Sequence[tuple]) -> list[str]:
    return [row[2] for row in rows]


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
XLSX = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/styles.xml": '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs>'
    '<xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs></styleSheet>',
}
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(path: Path, sheets: dict[str, list[list[object]]], since_1904: str = "0") -> Path:
    """Write an Excel workbook by hand: text, numbers, booleans, and days as serial numbers with a date's style."""
    names = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, 1))
    links = "".join(f'<Relationship Id="r{n}" Type="{REL}/worksheet" Target="sheet{n}.xml"/>' for n in range(1, len(sheets) + 1))
    with zipfile.ZipFile(path, "w") as file:
        for part, content in XLSX.items():
            file.writestr(part, content)
        file.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{REL}">'
            f'<workbookPr date1904="{since_1904}"/><sheets>{names}</sheets></workbook>',
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'{links}<Relationship Id="s" Type="{REL}/styles" Target="styles.xml"/></Relationships>',
        )
        for n, rows in enumerate(sheets.values(), 1):
            lines = "".join(
                f'<row r="{r}">{"".join(excel_cell(f"{chr(64 + c)}{r}", cell) for c, cell in enumerate(row, 1))}</row>'
                for r, row in enumerate(rows, 1)
            )
            file.writestr(f"xl/sheet{n}.xml", SHEET.format(lines))
    return path


def excel_cell(at: str, cell: object) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return f'<c r="{at}" t="b"><v>{int(cell)}</v></c>'
        case date():
            return f'<c r="{at}" s="1"><v>{(cell - date(1899, 12, 30)).days}</v></c>'
        case int() | float():
            return f'<c r="{at}"><v>{cell}</v></c>'
        case _:
            return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(str(cell))}</t></is></c>'


def encrypted_package(content: bytes) -> bytes:
    """Return what Excel writes for a workbook with a password: an OLE2 compound file with the stream `EncryptedPackage`."""
    free, end, fat = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<I", 0) + b"\xff" * 432
    sectors = len(content) // 512
    table = struct.pack(f"<{sectors + 2}I", fat, end, *range(3, sectors + 2), end).ljust(512, b"\xff")

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = f"{name}\0".encode("utf-16-le") if name else b""
        return text.ljust(64, b"\0") + struct.pack("<HBBIII36xIQ", len(text), kind, 1, free, free, child, start, size)

    entries = entry("Root Entry", 5, 1, end, 0) + entry("EncryptedPackage", 2, free, 2, len(content))
    return head + table + entries + entry("", 0, free, 0, 0) * 2 + content
