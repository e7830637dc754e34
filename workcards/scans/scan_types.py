"""Detection of a scan's type by content, and safe file names. Without database or request."""

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

# The number of bytes that `detect` needs.
HEAD_BYTES = 1024

MAX_FILENAME_LENGTH = 120  # in Hebrew 240 bytes; most file systems end at 255
MAX_EXTENSION_LENGTH = 10

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis"}
GENERIC_HEIF_BRANDS = {b"mif1", b"msf1"}


def _starts_with(*prefixes: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(prefixes)


def _is_webp(head: bytes) -> bool:
    return head.startswith(b"RIFF") and head[8:12] == b"WEBP"


def _is_heic(head: bytes) -> bool:
    """Return True for an ISO media file with HEIC as its brand or a compatible brand."""
    if head[4:8] != b"ftyp":
        return False
    major, brands = head[8:12], head[16 : int.from_bytes(head[:4], "big")]
    if major in GENERIC_HEIF_BRANDS:
        return any(
            brands[at : at + 4] in HEIC_BRANDS for at in range(0, len(brands), 4)
        )
    return major in HEIC_BRANDS


def _is_pdf(head: bytes) -> bool:
    # The standard permits the header anywhere in the first kilobyte. Only white space before it is accepted. Other
    # bytes there mean that the file is also of another type (HTML, a ZIP).
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"%PDF-")


class FileType(NamedTuple):
    mime_type: str
    extensions: tuple[str, ...]
    """The usual one first."""
    decoder: str
    """Pillow's name of the format, or PDF."""
    matches: Callable[[bytes], bool]
    """Whether a file that begins so is of this type."""


PDF = FileType("application/pdf", (".pdf",), "PDF", _is_pdf)

FILE_TYPES = (
    FileType(
        "image/jpeg",
        (".jpg", ".jpeg", ".jpe", ".jfif"),
        "JPEG",
        _starts_with(b"\xff\xd8\xff"),
    ),
    FileType("image/png", (".png",), "PNG", _starts_with(b"\x89PNG\r\n\x1a\n")),
    FileType("image/webp", (".webp",), "WEBP", _is_webp),
    FileType("image/gif", (".gif",), "GIF", _starts_with(b"GIF87a", b"GIF89a")),
    FileType("image/tiff", (".tif", ".tiff"), "TIFF", _starts_with(b"II*\0", b"MM\0*")),
    FileType("image/heic", (".heic", ".heif", ".hif"), "HEIF", _is_heic),
    PDF,
)


def detect(head: bytes) -> FileType | None:
    """Return the type of a file by its first bytes, ignoring its name; None if unknown."""
    return next((kind for kind in FILE_TYPES if kind.matches(head)), None)


def is_markup(head: bytes) -> bool:
    """Return True for HTML, SVG or XML, which a browser would execute instead of display."""
    text = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16: every other byte
        text = head[2:].replace(b"\0", b"")
    return text.lstrip().startswith(b"<")


def clean_filename(name: str, kind: FileType | None = None) -> str:
    """Return the name under which an upload is stored and downloaded.

    It has 1 to 120 characters. Folders, control characters, line ends and invisible characters are removed. So are
    characters that file systems reject, and marks that change the direction of writing (`gnp.exe` shown as `exe.png`).
    With a `kind`, the extension is one of the kind's. An image named `card.html` becomes `card.html.jpg`, so that a
    download opens as an image.
    """
    name = unicodedata.normalize("NFC", name)
    name = re.split(r"[/\\]", name)[-1]
    # Categories: C* control, format (bidi marks, zero width), surrogate, private; Zl, Zp line ends.
    name = "".join(
        " " if unicodedata.category(char) == "Zs" else char
        for char in name
        if unicodedata.category(char)[0] != "C"
        and unicodedata.category(char) not in ("Zl", "Zp")
    )
    name = re.sub(r'[<>:"|?*]', "_", name)
    name = re.sub(r" +", " ", name).strip(" .")

    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > MAX_EXTENSION_LENGTH:
        stem, extension = name, ""
    else:
        stem, extension = stem.rstrip(" ."), f".{extension}"
    if kind and extension.lower() not in kind.extensions:
        stem, extension = stem + extension, kind.extensions[0]
    stem = stem[: MAX_FILENAME_LENGTH - len(extension)].rstrip(" .")
    return (stem or "file") + extension
