"""Validation of uploaded scans: type, number of pages, size, readability.

The file is untrusted, including its name and header. A separate process decodes it (see `workcards.scans.decoder`),
with one decoder, a gigabyte of memory and a few seconds. An image is readable if it can be decoded completely. One
page is in memory at a time, and only in that process.
"""

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .decoder.decoder_limits import EXIT_INVALID
from .scan_types import HEAD_BYTES, FileType, clean_filename, detect, is_markup

MAX_FILE_BYTES = 10 * 1024 * 1024
# Wall-clock time; the limit of processor time is lower.
READING_SECONDS = 20.0
# The number of files that one application process reads at the same time. Other files wait: more at once would slow
# down all of them.
MAX_DECODERS = 2

_DECODER_PROGRAM = (
    "import sys; sys.path.append(sys.argv.pop(1)); from workcards.scans.decoder.decoder_process import main; "
    "sys.exit(main(*sys.argv[1:]))"
)
_ROOT = str(Path(__file__).parent.parent.parent)
_decoder_slots = threading.BoundedSemaphore(MAX_DECODERS)

MESSAGES: Mapping[str, Promise] = MappingProxyType(
    {
        "empty_file": _("The file is empty."),
        "file_too_large": _("The file is larger than 10 MB."),
        "markup_file": _(
            "Web pages and drawings (HTML, SVG) are not accepted. Send an image or a PDF."
        ),
        "unsupported_type": _(
            "This file type is not supported. Send JPEG, PNG, WEBP, GIF, TIFF, HEIC or PDF."
        ),
        "damaged_file": _("The file is damaged or incomplete."),
        "encrypted_pdf": _("The PDF is protected by a password."),
        "empty_pdf": _("The PDF has no pages."),
        "too_complex": _("The file takes too much memory or time to read."),
        "too_many_pages": _("The file has more than 50 pages."),
        "too_many_pixels": _("A page has more than 50 megapixels."),
        "no_such_page": _("The file does not have this page."),
        "not_read_in_time": _(
            "Processing all files took too long. Send this file again."
        ),
    }
)


class InvalidScan(Exception):
    """A rejected file; `code` is a key of MESSAGES, `detail` the message for users."""

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
class ScanInfo:
    """The data of a valid file."""

    filename: str
    mime_type: str
    size_bytes: int
    sha256: str
    pages: tuple[Page, ...]


def inspect(
    file: BinaryIO, filename: str, *, deadline: float | None = None
) -> ScanInfo:
    """Read the whole file and return its data; raises `InvalidScan`. Rewinds the file.

    After `deadline`, a value of `time.monotonic()`, the error is `not_read_in_time`.
    """
    data = read_limited(file)
    kind = kind_of(data)
    sizes = json.loads(run_decoder(data, kind, "sizes", deadline=deadline))
    return scan_info_of(data, kind, filename, sizes)


def scan_info_of(
    data: bytes, kind: FileType, filename: str, sizes: Iterable[tuple[int, int]]
) -> ScanInfo:
    """Return the data of a file whose pages have these sizes."""
    return ScanInfo(
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
    """Return all bytes of the file; raise `InvalidScan` above the limit."""
    file.seek(0)
    data = file.read(MAX_FILE_BYTES + 1)
    file.seek(0)
    if not data:
        raise InvalidScan("empty_file")
    if len(data) > MAX_FILE_BYTES:
        raise InvalidScan("file_too_large")
    return data


def kind_of(data: bytes) -> FileType:
    """Return the type by content; raises `InvalidScan` if it is unsupported."""
    head = data[:HEAD_BYTES]
    kind = detect(head)
    if kind is None:
        raise InvalidScan("markup_file" if is_markup(head) else "unsupported_type")
    return kind


def run_decoder(
    data: bytes, kind: FileType, *task: str, deadline: float | None = None
) -> bytes:
    """Return the output of `decoder_process` for `sizes`, or for `page` and its number.

    Raises `InvalidScan`.
    """
    with _decoder_slot(deadline):
        seconds, code = READING_SECONDS, "too_complex"
        if deadline is not None and deadline - time.monotonic() < seconds:
            seconds, code = deadline - time.monotonic(), "not_read_in_time"
        try:
            process = subprocess.run(  # noqa: S603 -- our own code and arguments
                [
                    sys.executable,
                    "-I",
                    "-c",
                    _DECODER_PROGRAM,
                    _ROOT,
                    kind.decoder,
                    *task,
                ],
                input=data,
                capture_output=True,
                env={},  # the decoder must not read secrets
                cwd="/",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise InvalidScan(code) from error
    if process.returncode == EXIT_INVALID:
        raise InvalidScan(process.stdout.decode())
    # Killed, or out of memory. Only a file made for that purpose crashes a decoder.
    if process.returncode < 0 or b"MemoryError" in process.stderr:
        raise InvalidScan("too_complex")
    if process.returncode:
        raise InvalidScan("damaged_file") from RuntimeError(process.stderr.decode())
    return process.stdout


@contextmanager
def _decoder_slot(deadline: float | None) -> Iterator[None]:
    """Wait for one of the READERS to be free, at most until `deadline`."""
    seconds = None if deadline is None else max(0.0, deadline - time.monotonic())
    if not _decoder_slots.acquire(timeout=seconds):
        raise InvalidScan("not_read_in_time")
    try:
        yield
    finally:
        _decoder_slots.release()
