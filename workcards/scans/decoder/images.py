"""Decoding of images with the one Pillow decoder for their type."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image

from .decoder_limits import LONG_SIDE, MAX_PAGES, RejectedScan, check_pixels

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


# TIFF tags: 254 marks thumbnails (1) and masks (4), 255 does so in older files.
SUBFILE, OLD_SUBFILE, BITS, ORIENTATION = 254, 255, 258, 274
NO_PAGE = 1 | 4
OLD_REDUCED = 2
# Dots count as square if their sides differ by less than SQUARE, or by more than any scanner produces (SKEWED).
SQUARE, SKEWED = 1.01, 4.0


def page_sizes(data: bytes, pillow_format: str) -> Iterator[tuple[int, int]]:
    """Yield the display size of each page.

    Each page is decoded completely, to prove that it is readable.
    """
    with _opened(data, pillow_format) as picture:
        for frame in _pages(picture):
            picture.seek(frame)
            check_pixels(*picture.size)
            size = _display_size(picture)
            if pillow_format == "JPEG":
                # At the smallest scale, an eighth: it is decoded completely, in a 64th of the memory.
                picture.draft(None, (1, 1))
            picture.load()
            yield size


def render_page(data: bytes, pillow_format: str, number: int) -> Image.Image:
    """Return a page (from 1) upright, in RGB and with square dots.

    The long side has at most 2,000 of the stored pixels.
    """
    with _opened(data, pillow_format) as picture:
        pages = _pages(picture)
        if not 1 <= number <= len(pages):
            raise RejectedScan("no_such_page")
        picture.seek(pages[number - 1])
        return _upright(picture)


def _pages(picture: Image.Image) -> list[int]:
    """Return the frames that are pages.

    Those are all frames of a TIFF but thumbnails and masks, and the first frame of other files.
    """
    if picture.format != "TIFF":
        return [0]
    frames: list[int] = []
    other_frames: list[int] = []
    frame = 0
    while True:
        (frames if _is_page(picture) else other_frames).append(frame)
        frame += 1
        # A file may claim any number of frames; each page may have a thumbnail.
        if len(frames) > MAX_PAGES or frame > 2 * MAX_PAGES:
            raise RejectedScan("too_many_pages")
        if not _seek(picture, frame):
            return frames or other_frames


def _is_page(picture: Image.Image) -> bool:
    tags = getattr(picture, "tag_v2", {})
    is_reduced = tags.get(OLD_SUBFILE) == OLD_REDUCED
    return not (is_reduced or _number(tags.get(SUBFILE)) & NO_PAGE)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


@contextmanager
def _opened(data: bytes, pillow_format: str) -> Iterator[Image.Image]:
    """Yield the image, not decoded yet."""
    if pillow_format == "HEIF":
        import pi_heif  # noqa: PLC0415 -- takes a third of the time that starting takes

        # Embedded previews are not the photograph.
        pi_heif.register_heif_opener(
            thumbnails=False, depth_images=False, aux_images=False
        )
    try:
        with Image.open(BytesIO(data), formats=[pillow_format]) as picture:
            yield picture
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise RejectedScan("too_many_pixels") from error


def _display_size(picture: Image.Image) -> tuple[int, int]:
    """Return the size of an image's rendition: upright, with square dots.

    The long side has at most 2,000 stored pixels. Square dots make one side longer: a fax of 1728 × 1057 at 204 × 98
    dpi becomes 1728 × 2200.
    """
    width, height = picture.size
    wider, higher = _stretch(picture)
    if _orientation(picture) >= 5:
        width, height = height, width
        wider, higher = higher, wider
    scale = min(1, LONG_SIDE / max(width, height))
    return (
        max(1, round(width * scale * wider)),
        max(1, round(height * scale * higher)),
    )


def _stretch(picture: Image.Image) -> tuple[float, float]:
    """Return the factors for width and height that make the dots square; one of them is 1."""
    try:
        across, down = (float(value) for value in picture.info.get("dpi", (1, 1)))
    except (TypeError, ValueError, ZeroDivisionError):
        return 1.0, 1.0
    if not (across > 0 and down > 0 and math.isfinite(across / down)):
        return 1.0, 1.0
    if picture.format == "TIFF" and _lies_on_its_side(picture):
        across, down = down, across  # Pillow gives the upright size
    ratio = max(across, down) / min(across, down)
    if not SQUARE <= ratio <= SKEWED:
        return 1.0, 1.0
    return (ratio, 1.0) if down > across else (1.0, ratio)


def _lies_on_its_side(picture: Image.Image) -> bool:
    tags = getattr(picture, "tag_v2", {})
    return _number(tags.get(ORIENTATION)) >= 5


def _orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; from 5 on, width and height are swapped."""
    if picture.format == "TIFF":
        return 1  # Pillow rotates a TIFF upright, and gives the upright size
    value = picture.getexif().get(ExifTags.Base.Orientation)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _seek(picture: Image.Image, frame: int) -> bool:
    try:
        picture.seek(frame)
    except EOFError:
        return False
    return True


def _upright(picture: Image.Image) -> Image.Image:
    check_pixels(*picture.size)
    orientation = _orientation(picture)
    size = _display_size(picture)
    if orientation >= 5:
        size = size[::-1]  # of the image before its rotation
    picture.draft("RGB", size)  # a JPEG is decoded no larger than needed
    scaled = _resizable(picture).resize(
        size, Image.Resampling.LANCZOS, reducing_gap=2.0
    )
    if orientation in UPRIGHT:
        scaled = scaled.transpose(UPRIGHT[orientation])
    return _on_white(scaled)


def _resizable(picture: Image.Image) -> Image.Image:
    """Return the image in a mode whose neighbouring values may be mixed."""
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode.startswith(("I", "F")):
        return _stretched(picture)
    if picture.mode == "1":
        return picture.convert("L")
    if picture.mode not in ("L", "RGB", "CMYK"):
        picture = picture.convert("RGB")
    return _brightened(picture) if _has_16_bits(picture) else picture


def _stretched(picture: Image.Image) -> Image.Image:
    """Return grey of more than 8 bits in 8 bits, with its range of values stretched.

    A 12-bit scanner stores up to 4095 where 65535 would be white. A narrow range of values is a page of one colour,
    whose grain would become black spots. Such values are only reduced from their bits to 8.
    """
    grey = picture if picture.mode == "F" else picture.convert("I").convert("F")
    extremes: Any = grey.getextrema()
    lowest, highest = extremes
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        raise RejectedScan("damaged_file")
    if highest - lowest <= abs(highest) / 4:
        lowest = min(lowest, 0.0)
        highest = 2.0 ** max(8, int(highest).bit_length()) - 1
    scale = 255 / (highest - lowest)
    return grey.point(lambda value: value * scale - lowest * scale).convert("L")


def _has_16_bits(picture: Image.Image) -> bool:
    bits = getattr(picture, "tag_v2", {}).get(BITS)
    return isinstance(bits, tuple) and 16 in bits


def _brightened(picture: Image.Image) -> Image.Image:
    """Return 16-bit colours brighter if necessary; Pillow keeps their upper 8 bits.

    The upper bits are nearly empty in the images of 12-bit scanners.
    """
    bands: Any = picture.getextrema()
    highest = max(high for _low, high in bands)
    if not 0 < highest < 128:
        return picture
    return picture.point(lambda value: min(255, value * 255 // highest))


def _on_white(picture: Image.Image) -> Image.Image:
    """Return the image in RGB on white.

    Without white, black ink on a transparent background would be black on black.
    """
    if picture.mode == "RGBA":
        paper = Image.new("RGB", picture.size, "white")
        paper.paste(picture, mask=picture.getchannel("A"))
        return paper
    return picture.convert("RGB")
