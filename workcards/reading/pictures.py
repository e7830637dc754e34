"""Pictures, by the one decoder of Pillow that their type calls for."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import ExifTags, Image

from .limits import LONG_SIDE, MAX_PAGES, Refusal, check_pixels

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def sizes(data: bytes, pillow_format: str) -> Iterator[tuple[int, int]]:
    """What every frame will measure when shown; each is decoded to its end, which says that it can be."""
    with _opened(data, pillow_format) as picture:
        frame = 0
        while True:
            check_pixels(*picture.size)
            size = _display_size(picture)
            if pillow_format == "JPEG":
                # As small as it goes, an eighth: decoded to the end all the same, in a 64th of the memory.
                picture.draft(None, (1, 1))
            picture.load()
            yield size
            frame += 1
            if pillow_format != "TIFF" or not _seek(picture, frame):
                return
            if frame == MAX_PAGES:
                raise Refusal("too_many_pages")


def picture_of(data: bytes, pillow_format: str, number: int) -> Image.Image:
    """Frame `number` (from 1) upright, RGB, at most 2,000 pixels long."""
    with _opened(data, pillow_format) as picture:
        if number < 1 or (number > 1 and pillow_format != "TIFF"):
            raise Refusal("no_such_page")
        # One after the other: a file may claim any number of frames.
        if number > MAX_PAGES or not (number == 1 or _seek(picture, number - 1)):
            raise Refusal("no_such_page")
        return _upright(picture)


@contextmanager
def _opened(data: bytes, pillow_format: str) -> Iterator[Image.Image]:
    """The picture, not decoded yet."""
    if pillow_format == "HEIF":
        import pillow_heif  # noqa: PLC0415 -- takes a third of the time that starting takes

        # Embedded previews are not what was photographed.
        pillow_heif.register_heif_opener(
            thumbnails=False, depth_images=False, aux_images=False
        )
    try:
        with Image.open(BytesIO(data), formats=[pillow_format]) as picture:
            yield picture
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Refusal("too_many_pixels") from error


def _display_size(picture: Image.Image) -> tuple[int, int]:
    """The size of a picture's rendition: upright, the long side at most 2,000 pixels."""
    width, height = picture.size
    if _orientation(picture) >= 5:
        width, height = height, width
    scale = min(1, LONG_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _orientation(picture: Image.Image) -> int:
    """How the camera was held, 1 to 8 as EXIF has it; from 5 on width and height change places."""
    if picture.format == "TIFF":
        return 1  # Pillow turns TIFF upright itself, and gives the upright size
    found = picture.getexif().get(ExifTags.Base.Orientation)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _seek(picture: Image.Image, frame: int) -> bool:
    try:
        picture.seek(frame)
    except EOFError:
        return False
    return True


def _upright(picture: Image.Image) -> Image.Image:
    check_pixels(*picture.size)
    held = _orientation(picture)
    size = _display_size(picture)
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
