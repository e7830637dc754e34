"""What comes in as a scan: decided by content, counted, measured, and refused if it can't be read.

Nothing here trusts the file: its name and header say nothing, sizes are checked before pixels are
made, Pillow may only use the one decoder that the first bytes call for, PDFs are read in a process
apart, and a picture counts as readable once it has been decoded to its end. One page is in memory
at a time.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import pillow_heif
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from PIL import ExifTags, Image

from . import pdf_reader
from .filetypes import HEAD_BYTES, PDF, FileType, clean_filename, detect, is_markup
from .pdf_reader import MAX_PAGES, MAX_PIXELS

MAX_FILE_BYTES = 10 * 1024 * 1024
# The long side of a display rendition.
MAX_DISPLAY_SIDE = pdf_reader.LONG_SIDE
PDF_TIMEOUT_SECONDS = 30

# Embedded previews are not what was photographed.
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

MESSAGES: Mapping[str, Promise] = MappingProxyType(
    {
        "empty_file": _("The file is empty."),
        "file_too_large": _("The file is larger than 10 MB."),
        "markup_file": _("This is a web page or a drawing (HTML, SVG), not a scan."),
        "unsupported_type": _(
            "This is not a scan: send JPEG, PNG, WEBP, GIF, TIFF, HEIC or PDF."
        ),
        "damaged_file": _("The file is damaged or not complete."),
        "encrypted_pdf": _("The PDF is protected by a password."),
        "empty_pdf": _("The PDF has no page."),
        "pdf_too_complex": _("The PDF takes too much memory or time to read."),
        "too_many_pages": _("The file has more than 50 pages."),
        "too_many_pixels": _("A page has more than 50 megapixels."),
        "no_such_page": _("The file has no such page."),
    }
)


class Refused(Exception):
    """A file that is not taken in; `code` is a key of MESSAGES, `detail` its sentence for people."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def detail(self) -> str:
        return str(MESSAGES[self.code])


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a file; width and height are the pixels of its display rendition."""

    number: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Intake:
    """What there is to know of a file that can be taken in."""

    filename: str
    mime_type: str
    size_bytes: int
    sha256: str
    pages: tuple[Page, ...]


def inspect(file: BinaryIO, filename: str) -> Intake:
    """Read the whole file and say what it is; raises Refused. Leaves the file at its beginning."""
    data = read_limited(file)
    kind = kind_of(data)
    with refusing_damage():
        if kind is PDF:
            sizes = json.loads(read_pdf(data, "sizes"))
        else:
            sizes = list(_picture_sizes(data, kind))
    return Intake(
        filename=clean_filename(filename, kind),
        mime_type=kind.mime_type,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        pages=tuple(
            Page(number, width, height)
            for number, (width, height) in enumerate(sizes, start=1)
        ),
    )


def read_limited(file: BinaryIO) -> bytes:
    """All its bytes, if they are not too many."""
    file.seek(0)
    data = file.read(MAX_FILE_BYTES + 1)
    file.seek(0)
    if not data:
        raise Refused("empty_file")
    if len(data) > MAX_FILE_BYTES:
        raise Refused("file_too_large")
    return data


def kind_of(data: bytes) -> FileType:
    """The type by content, or Refused."""
    head = data[:HEAD_BYTES]
    kind = detect(head)
    if kind is None:
        raise Refused("markup_file" if is_markup(head) else "unsupported_type")
    return kind


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Turn whatever a decoder raises into Refused."""
    try:
        yield
    except Refused:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Refused("too_many_pixels") from error
    except Exception as error:  # a broken file can make a decoder raise anything
        raise Refused("damaged_file") from error


@contextmanager
def open_picture(data: bytes, kind: FileType) -> Iterator[Image.Image]:
    """The picture, not decoded yet, by the decoder of its type alone."""
    assert kind.pillow_format is not None
    with Image.open(BytesIO(data), formats=[kind.pillow_format]) as picture:
        yield picture


def read_pdf(data: bytes, *task: str) -> bytes:
    """The answer of `pdf_reader`, in a process of its own, to `sizes` or `page`, number."""
    try:
        answer = subprocess.run(  # noqa: S603 -- our own script and arguments
            [sys.executable, "-I", str(Path(pdf_reader.__file__)), *task],
            input=data,
            capture_output=True,
            env={},  # our secrets are none of its business
            cwd="/",
            timeout=PDF_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused("pdf_too_complex") from error
    if answer.returncode == pdf_reader.EXIT_REFUSED:
        raise Refused(answer.stdout.decode())
    if answer.returncode < 0 or b"MemoryError" in answer.stderr:  # killed, or no memory
        raise Refused("pdf_too_complex")
    if answer.returncode:
        raise Refused("damaged_file") from RuntimeError(answer.stderr.decode())
    return answer.stdout


def check_pixels(width: int, height: int) -> None:
    """Refuse what would take too much memory, before it does."""
    if width * height > MAX_PIXELS:
        raise Refused("too_many_pixels")


def display_size(picture: Image.Image) -> tuple[int, int]:
    """The size of a picture's rendition: upright, the long side at most 2,000 pixels."""
    width, height = picture.size
    if orientation(picture) >= 5:
        width, height = height, width
    scale = min(1, MAX_DISPLAY_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def orientation(picture: Image.Image) -> int:
    """How the camera was held, 1 to 8 as EXIF has it; from 5 on width and height change places."""
    if picture.format == "TIFF":
        return 1  # Pillow turns TIFF upright itself, and gives the upright size
    found = picture.getexif().get(ExifTags.Base.Orientation)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _picture_sizes(data: bytes, kind: FileType) -> Iterator[tuple[int, int]]:
    with open_picture(data, kind) as picture:
        frame = 0
        while True:
            check_pixels(*picture.size)
            size = display_size(picture)
            if kind.pillow_format == "JPEG":
                # As small as it goes, an eighth: decoded to the end all the same, in a 64th of the memory.
                picture.draft(None, (1, 1))
            picture.load()
            yield size
            frame += 1
            if kind.pillow_format != "TIFF" or not _seek(picture, frame):
                return
            if frame == MAX_PAGES:
                raise Refused("too_many_pages")


def _seek(picture: Image.Image, frame: int) -> bool:
    try:
        picture.seek(frame)
    except EOFError:
        return False
    return True
