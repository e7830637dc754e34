"""Rendering of PDF pages with PDFium."""

from math import ceil

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from .decoder_limits import LONG_SIDE, MAX_PAGES, RejectedScan, check_pixels


def page_sizes(data: bytes) -> list[tuple[int, int]]:
    """Return the size of each page's rendition."""
    sizes = []
    for page in _open(data):
        _check_pictures(page)
        scale = _scale_of(page)
        width, height = page.get_size()
        sizes.append((ceil(width * scale), ceil(height * scale)))
        page.close()
    return sizes


def render_page(data: bytes, number: int) -> Image.Image:
    """Return a page (from 1), with the content of its form fields."""
    document = _open(data)
    if not 1 <= number <= len(document):
        raise RejectedScan("no_such_page")
    document.init_forms()
    page = document[number - 1]
    _check_pictures(page)
    bitmap = page.render(scale=_scale_of(page), rev_byteorder=True)
    return bitmap.to_pil().convert("RGB")  # type: ignore[no-any-return]


def _open(data: bytes) -> pypdfium2.PdfDocument:
    """Open a document of 1 to 50 pages.

    A document that may be opened but not printed without a password is accepted.
    """
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pdfium.FPDF_ERR_PASSWORD:
            raise RejectedScan("encrypted_pdf") from error
        if error.err_code == pdfium.FPDF_ERR_SUCCESS:
            raise RejectedScan("empty_pdf") from error
        raise RejectedScan("damaged_file") from error
    if len(document) > MAX_PAGES:
        raise RejectedScan("too_many_pages")
    return document


def _check_pictures(page: pypdfium2.PdfPage) -> None:
    """Raise `RejectedScan` for a page with too large an image, by the image's declared size."""
    for drawn in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]):
        check_pixels(*drawn.get_px_size())


def _scale_of(page: pypdfium2.PdfPage) -> float:
    """Return pixels per point, for half a pixel less than the long side: PDFium rounds up."""
    scale: float = (LONG_SIDE - 0.5) / max(page.get_size())
    return scale
