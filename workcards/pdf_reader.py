"""Reads a PDF in a process of its own: `python -I pdf_reader.py sizes|page <number>`, the PDF on stdin.

A few hundred bytes of PDF can ask PDFium for a thousand million drawings or for a picture of a terabyte,
and PDFium is C++ that reads what strangers send. So it runs apart: with limits of memory and time,
without our environment, and when it dies nobody else does. (It is not safe to use from two threads
either.) This file is run as a script: it imports nothing of ours.

Answers on stdout with JSON `[[width, height], …]`, or with the page as PPM. Exit status 3 is a refusal,
its code on stdout.
"""

import json
import sys
from contextlib import suppress
from math import ceil
from typing import BinaryIO

import pypdfium2
import pypdfium2.raw as pdfium

MAX_MEMORY_BYTES = 1024**3
MAX_CPU_SECONDS = 15
MAX_PAGES = 50
MAX_PIXELS = 50_000_000
# The long side of a rendered page; pages have no pixels of their own.
LONG_SIDE = 2000
EXIT_REFUSED = 3


class Refusal(Exception):
    """Carries the code of the refusal."""


def limit_resources() -> None:
    """Take memory and time away from this process, where the system can."""
    try:
        import resource  # noqa: PLC0415 -- Unix has it
    except ImportError:
        return
    for what, most in (
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, MAX_CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)  # noqa: PLW2901
        with suppress(ValueError, OSError):  # macOS knows some limits in name only
            resource.setrlimit(what, (most, most))


def open_document(data: bytes) -> pypdfium2.PdfDocument:
    """The document if it has 1 to 50 pages; one that anybody may open but not print is fine."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pdfium.FPDF_ERR_PASSWORD:
            raise Refusal("encrypted_pdf") from error
        if error.err_code == pdfium.FPDF_ERR_SUCCESS:
            raise Refusal("empty_pdf") from error
        raise Refusal("damaged_file") from error
    if len(document) > MAX_PAGES:
        raise Refusal("too_many_pages")
    return document


def check_pictures(page: pypdfium2.PdfPage) -> None:
    """Refuse a page with too large a picture, by what the picture says of itself."""
    for drawn in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]):
        width, height = drawn.get_px_size()
        if width * height > MAX_PIXELS:
            raise Refusal("too_many_pixels")


def scale_of(page: pypdfium2.PdfPage) -> float:
    """Pixels a point. Half a pixel less than the long side: PDFium rounds up."""
    scale: float = (LONG_SIDE - 0.5) / max(page.get_size())
    return scale


def sizes(document: pypdfium2.PdfDocument) -> list[tuple[int, int]]:
    """What every page will measure when rendered."""
    found = []
    for page in document:
        check_pictures(page)
        scale = scale_of(page)
        width, height = page.get_size()
        found.append((ceil(width * scale), ceil(height * scale)))
        page.close()
    return found


def render(document: pypdfium2.PdfDocument, number: int, output: BinaryIO) -> None:
    """Write page `number` (from 1), with what was filled into its form fields."""
    if not 1 <= number <= len(document):
        raise Refusal("no_such_page")
    document.init_forms()
    page = document[number - 1]
    check_pictures(page)
    bitmap = page.render(scale=scale_of(page), rev_byteorder=True)
    bitmap.to_pil().convert("RGB").save(output, "PPM")


def main(task: str, number: str = "") -> int:
    limit_resources()
    try:
        document = open_document(sys.stdin.buffer.read())
        if task == "sizes":
            sys.stdout.write(json.dumps(sizes(document)))
        else:
            render(document, int(number), sys.stdout.buffer)
    except Refusal as refusal:
        sys.stdout.write(str(refusal))
        return EXIT_REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
