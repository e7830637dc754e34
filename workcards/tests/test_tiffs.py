"""TIFFs of scanners and fax machines.

Thumbnails, pixels that are not square, grey of 12 bits.
"""

from io import BytesIO
from struct import pack

import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from workcards.scans.renditions import display_rendition
from workcards.scans.validation import InvalidScan, inspect
from workcards.tests.scan_samples import encoded, held, picture

REDUCED, MASK = 1, 4


def sizes(data):
    return [
        (page.width, page.height) for page in inspect(BytesIO(data), "card.tif").pages
    ]


def shown(data, page=1):
    return Image.open(BytesIO(display_rendition(BytesIO(data), page).data))


def tiff(*frames, tag=254):
    """Return a TIFF of these frames, each an image and its subfile type."""
    images = []
    for image, kind in frames:
        frame = image.copy()
        frame.encoderinfo = {"tiffinfo": directory(tag, kind)}
        images.append(frame)
    first, *others = images
    return encoded(
        first, "TIFF", save_all=True, append_images=others, **first.encoderinfo
    )


def directory(tag, value):
    tags = ImageFileDirectory_v2()
    tags[tag] = value
    return tags


@pytest.mark.parametrize("kind", [REDUCED, MASK, REDUCED | MASK])
def test_a_thumbnail_or_mask_is_no_page(kind):
    page, thumbnail = picture(600, 800, "L"), picture(120, 160, "L")
    assert sizes(tiff((page, 0), (thumbnail, kind))) == [(600, 800)]
    assert sizes(tiff((thumbnail, kind), (page, 0), (page, 2))) == [(600, 800)] * 2


def test_an_older_file_marks_its_thumbnail_by_another_tag():
    page, thumbnail = picture(600, 800, "L"), picture(120, 160, "L")
    assert sizes(tiff((page, 1), (thumbnail, 2), tag=255)) == [(600, 800)]


def test_pages_are_counted_without_thumbnails():
    first, second, small = picture(300, 200), picture(200, 300), picture(30, 20)
    data = tiff((small, REDUCED), (first, 0), (small, REDUCED), (second, 0))
    assert [shown(data, page).size for page in (1, 2)] == [(300, 200), (200, 300)]
    with pytest.raises(InvalidScan, match="no_such_page"):
        display_rendition(BytesIO(data), 3)


def test_a_file_of_a_thumbnail_alone_is_shown():
    assert sizes(tiff((picture(120, 160), REDUCED))) == [(120, 160)]


def test_fifty_pages_may_have_a_thumbnail_each():
    page, thumbnail = picture(30, 40, "L"), picture(3, 4, "L")
    pages = [(page, 0), (thumbnail, REDUCED)] * 50
    assert sizes(tiff(*pages)) == [(30, 40)] * 50
    with pytest.raises(InvalidScan, match="too_many_pages"):
        inspect(BytesIO(tiff(*pages, (page, 0))), "card.tif")
    with pytest.raises(InvalidScan, match="too_many_pages"):
        inspect(BytesIO(tiff((page, 0), *[(thumbnail, REDUCED)] * 100)), "card.tif")


def test_a_fax_is_shown_with_square_dots():
    fax = encoded(picture(1728, 1057, "1"), "TIFF", dpi=(204, 98), compression="group4")
    assert sizes(fax) == [(1728, 2200)]
    assert shown(fax).size == (1728, 2200)


@pytest.mark.parametrize(
    ("dpi", "size"),
    [
        ((200, 100), (300, 400)),
        ((100, 200), (600, 200)),
        ((300, 300), (300, 200)),
        ((204, 203), (300, 200)),  # almost square
        ((300, 1), (300, 200)),  # an implausible value
    ],
)
@pytest.mark.parametrize("pillow_format", ["TIFF", "PNG", "JPEG"])
def test_dots_become_square_where_the_file_gives_their_size(pillow_format, dpi, size):
    data = encoded(picture(300, 200), pillow_format, dpi=dpi)
    assert sizes(data) == [size]
    assert shown(data).size == size


def test_dots_become_square_in_a_picture_that_lies_on_its_side():
    data = encoded(picture(300, 200), "TIFF", dpi=(200, 100), exif=held(6))
    assert sizes(data) == [(400, 300)]
    assert shown(data).size == (400, 300)


def grey(*values):
    """Return an image with 16 bits of grey.

    It is filled with the last value, with a stripe of each other value.
    """
    rows = [values[min(y // 40, len(values) - 1)] for y in range(400)]
    return Image.frombytes(
        "I;16", (300, 400), b"".join(pack("<H", value) * 300 for value in rows)
    )


@pytest.mark.parametrize("pillow_format", ["TIFF", "PNG"])
@pytest.mark.parametrize("most", [255, 4080, 65535])
def test_grey_of_more_than_8_bits_is_stretched_to_what_it_uses(pillow_format, most):
    picture = shown(encoded(grey(0, most // 2, most), pillow_format)).convert("L")
    black, middle, white = (picture.getpixel((150, y)) for y in (20, 60, 300))
    assert (black, white) == (pytest.approx(0, abs=2), pytest.approx(255, abs=2))
    assert middle == pytest.approx(127, abs=3)


def test_the_grain_of_a_blank_page_is_not_stretched():
    picture = shown(encoded(grey(3900, 4000), "TIFF")).convert("L")
    assert picture.getpixel((150, 20)) > 240
    assert shown(encoded(grey(0), "TIFF")).convert("L").getextrema()[1] < 3
