"""Builds workbooks part by part, like the output of spreadsheet programs or of attackers."""

import io
import zipfile
from pathlib import Path

CASES = Path(__file__).parent / "cases"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
STYLES = (
    '<numFmts count="3"><numFmt numFmtId="164" formatCode="dd/mm/yyyy;@"/>'
    '<numFmt numFmtId="165" formatCode="[h]:mm"/>'
    '<numFmt numFmtId="166" formatCode="00000"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>'
    + "".join(f'<xf numFmtId="{number}"/>' for number in (0, 14, 164, 165, 166, 20))
    + "</cellXfs>"
)
# Indexes of the styles above.
PLAIN, DATE, CUSTOM_DATE, ELAPSED, ZEROS, TIME = range(6)
HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>Passport</t></is></c><c r="B1" t="inlineStr"><is><t>Full name</t></is></c><c r="C1" t="inlineStr"><is><t>External ID</t></is></c></row>'


def text(reference: str, content: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{content}</t></is></c>'


def sheet(rows: str, after: str = "", main: str = MAIN) -> str:
    return f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData>{after}</worksheet>'


def workbook(
    *sheets: str,
    strings: str | None = None,
    styles: str = STYLES,
    properties: str = "",
    states: tuple[str, ...] = (),
    main: str = MAIN,
    related: str = RELATED,
    more: dict[str, bytes | str] | None = None,
) -> bytes:
    """Return a workbook with these worksheets, named Sheet1, Sheet2 …; `more` adds and replaces parts."""
    names = "".join(
        f'<sheet name="Sheet{n}" sheetId="{n}" state="{state}" r:id="rId{n}"/>'
        for n, state in enumerate(_padded(states, len(sheets)), start=1)
    )
    targets = [
        (f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml")
        for n in range(1, len(sheets) + 1)
    ]
    targets += [("rId90", "styles", "styles.xml")]
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": rels([("rId1", "officeDocument", "xl/workbook.xml")], related),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{related}">'
        f"<workbookPr{properties}/><sheets>{names}</sheets></workbook>",
        "xl/styles.xml": f'<styleSheet xmlns="{main}">{styles}</styleSheet>',
        **{f"xl/worksheets/sheet{n}.xml": xml for n, xml in enumerate(sheets, start=1)},
    }
    if strings is not None:
        targets.append(("rId91", "sharedStrings", "sharedStrings.xml"))
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{main}">{strings}</sst>'
    parts["xl/_rels/workbook.xml.rels"] = rels(targets, related)
    return packed({**parts, **(more or {})})


def rels(targets: list[tuple[str, str, str]], related: str = RELATED) -> str:
    found = "".join(
        f'<Relationship Id="{id_}" Type="{related}/{kind}" Target="{target}"/>'
        for id_, kind, target in targets
    )
    return f'<Relationships xmlns="{PACKAGE}">{found}</Relationships>'


def packed(parts: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def _padded(states: tuple[str, ...], count: int) -> list[str]:
    return [*states, *["visible"] * (count - len(states))]
