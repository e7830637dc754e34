"""File types that are not read, but recognised, so that the error can name them."""

import re
from collections.abc import Collection

from .parser_limits import RejectedFile

ZIP = b"PK"
# Excel before 2007, and the container of a workbook with a password.
OLE = b"\xd0\xcf\x11\xe0"

# The beginning of a file → its type, a key of `file_parsing.FILE_TYPES`.
_MAGIC = (
    (b"%PDF", "pdf"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"GIF8", "picture"),
    (b"II*\x00", "picture"),
    (b"MM\x00*", "picture"),
    (b"{\\rtf", "rtf"),
    (b"\x1f\x8b", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!", "archive"),
    # Excel 2 to 4 wrote their records without a container.
    (b"\x09\x00\x04\x00", "xls"),
    (b"\x09\x02\x06\x00", "xls"),
    (b"\x09\x04\x06\x00", "xls"),
    (b"\x09\x08\x08\x00", "xls"),
    (b"\x09\x08\x10\x00", "xls"),
    (b"ID;P", "sylk"),
)
_MARKUP = (
    (re.compile(rb"urn:schemas-microsoft-com:office:spreadsheet"), "xml_spreadsheet"),
    (re.compile(rb"<(?:!doctype\s+html|html|head|body|table|meta)\b", re.I), "html"),
    (re.compile(rb"\A\s*<\?xml"), "xml"),
)
_JSON = re.compile(rb'\s*(?:\[\s*)?\{\s*"')
# A part of a zip → its type.
_PARTS = (
    ("xl/workbook.bin", "xlsb"),
    ("word/document.xml", "docx"),
    ("ppt/presentation.xml", "pptx"),
    ("index/document.iwa", "numbers"),
    ("index.zip", "numbers"),
)
_HEAD_BYTES = 2048


def reject_other_types(data: bytes) -> None:
    """Raise `RejectedFile` for a recognised type that is not read."""
    if data.startswith(OLE):
        raise _ole_error(data)
    head = data[:_HEAD_BYTES].lstrip(b"\xef\xbb\xbf")
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            raise RejectedFile("unsupported_type", type=kind)
    if head.lstrip().startswith(b"<"):
        for pattern, kind in _MARKUP:
            if pattern.search(head):
                raise RejectedFile("unsupported_type", type=kind)
    if _JSON.match(head):
        raise RejectedFile("unsupported_type", type="json")


def zip_error(names: Collection[str], mimetype: str) -> RejectedFile:
    """Return the error for a zip without a workbook; `names` are its parts in lower case."""
    if mimetype.startswith("application/vnd.oasis.opendocument"):
        is_spreadsheet = "spreadsheet" in mimetype
        return RejectedFile("unsupported_type", type="ods" if is_spreadsheet else "odt")
    for part, kind in _PARTS:
        if part in names:
            return RejectedFile("unsupported_type", type=kind)
    return RejectedFile("unsupported_type", type="archive")


def _ole_error(data: bytes) -> RejectedFile:
    """Return the error for a Microsoft container, whose directory names its streams."""
    if _stream("EncryptedPackage") in data:
        return RejectedFile("file_encrypted")
    if _stream("Workbook") in data or _stream("Book") in data:
        return RejectedFile("unsupported_type", type="xls")
    return RejectedFile("old_or_protected_workbook")


def _stream(name: str) -> bytes:
    return f"{name}\0".encode("utf-16-le")
