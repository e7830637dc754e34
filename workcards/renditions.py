"""The picture of a page as the review shows it."""

from io import BytesIO
from typing import BinaryIO, NamedTuple

from PIL import Image

from .filetypes import PDF
from .intake import (
    Refused,
    check_pixels,
    display_size,
    kind_of,
    open_picture,
    orientation,
    read_limited,
    read_pdf,
    refusing_damage,
)

MIME_TYPE = "image/jpeg"
QUALITY = 82

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Rendition(NamedTuple):
    data: bytes
    mime_type: str
    width: int
    height: int


def display_rendition(file: BinaryIO, page: int) -> Rendition:
    """Page `page` (from 1) as a JPEG: upright, RGB, at most 2,000 pixels long, without metadata.

    The size is the one that `inspect` said. Raises Refused if the file can't be read or has no such
    page.
    """
    data = read_limited(file)
    kind = kind_of(data)
    with refusing_damage():
        if kind is PDF:
            with Image.open(
                BytesIO(read_pdf(data, "page", str(page))), formats=["PPM"]
            ) as rendered:
                picture = rendered.convert("RGB")
        else:
            with open_picture(data, kind) as opened:
                picture = _upright(opened, page)
        picture.info.clear()  # Pillow writes a comment that came with the original
        encoded = BytesIO()
        picture.save(encoded, "JPEG", quality=QUALITY, progressive=True)
    return Rendition(encoded.getvalue(), MIME_TYPE, *picture.size)


def _upright(picture: Image.Image, number: int) -> Image.Image:
    frames = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
    if not 1 <= number <= frames:
        raise Refused("no_such_page")
    if number > 1:
        picture.seek(number - 1)
    check_pixels(*picture.size)
    held = orientation(picture)
    size = display_size(picture)
    if held >= 5:
        size = size[::-1]  # of the picture as it lies, before it is turned
    picture.draft("RGB", size)  # a JPEG is decoded no larger than needed
    scaled = _resizable(picture).resize(
        size, Image.Resampling.LANCZOS, reducing_gap=2.0
    )
    if held in UPRIGHT:
        scaled = scaled.transpose(UPRIGHT[held])
    return _on_white(scaled)


def _resizable(picture: Image.Image) -> Image.Image:
    """In a mode whose neighbouring values may be mixed."""
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode.startswith("I"):
        # 16 bits of grey; a plain conversion would cut them off instead of scaling them.
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.mode == "1":
        return picture.convert("L")
    return picture if picture.mode in ("L", "RGB", "CMYK") else picture.convert("RGB")


def _on_white(picture: Image.Image) -> Image.Image:
    """RGB, where transparent parts are paper: ink on nothing would be black on black."""
    if picture.mode == "RGBA":
        paper = Image.new("RGB", picture.size, "white")
        paper.paste(picture, mask=picture.getchannel("A"))
        return paper
    return picture.convert("RGB")
