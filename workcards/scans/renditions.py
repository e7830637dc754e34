"""Display renditions of pages."""

from typing import BinaryIO, NamedTuple

from .validation import kind_of, read_limited, run_decoder

MIME_TYPE = "image/jpeg"


class Rendition(NamedTuple):
    data: bytes
    mime_type: str
    width: int
    height: int


def display_rendition(file: BinaryIO, page: int) -> Rendition:
    """Render a page (from 1) as a JPEG: upright, RGB, without metadata.

    The long side has at most 2,000 pixels; the size is the one that `inspect` returned. Raises `InvalidScan` if the file
    can't be read or has no such page.
    """
    data = read_limited(file)
    size, _line_end, picture = run_decoder(
        data, kind_of(data), "page", str(page)
    ).partition(b"\n")
    width, height = map(int, size.split())
    return Rendition(picture, MIME_TYPE, width, height)
