"""The renditions of a scan's pages: upright, small enough, and without metadata."""

from io import BytesIO
from threading import Thread

import pytest
from PIL import Image

from workcards.scans.renditions import display_rendition
from workcards.scans.validation import InvalidScan, inspect

from .scan_samples import (
    PICTURE_FORMATS,
    encoded,
    form,
    held,
    pages,
    pdf_page,
    picture,
    scan,
    stream,
)


def shown(data, page=1):
    """Return the decoded rendition, after the checks that hold for all renditions."""
    rendition = display_rendition(BytesIO(data), page)
    opened = Image.open(BytesIO(rendition.data), formats=["JPEG"])
    opened.load()
    assert rendition.mime_type == "image/jpeg"
    assert opened.mode == "RGB"
    assert opened.size == (rendition.width, rendition.height)
    assert max(opened.size) <= 2000
    page_info = inspect(BytesIO(data), "card").pages[page - 1]
    assert (page_info.width, page_info.height) == opened.size
    return opened


def is_red(color):
    red, green, blue = color
    return red > 200 and green < 60 and blue < 60


def red_corner(image):
    """Return the red corner of the upright image."""
    width, height = image.size
    corners = {
        "top left": (2, 2),
        "top right": (width - 3, 2),
        "bottom left": (2, height - 3),
        "bottom right": (width - 3, height - 3),
    }
    found = [name for name, place in corners.items() if is_red(image.getpixel(place))]
    assert len(found) == 1
    return found[0]


CORNERS = {
    1: ("top left", (300, 200)),
    2: ("top right", (300, 200)),
    3: ("bottom right", (300, 200)),
    4: ("bottom left", (300, 200)),
    5: ("top left", (200, 300)),
    6: ("top right", (200, 300)),
    7: ("bottom right", (200, 300)),
    8: ("bottom left", (200, 300)),
}


@pytest.mark.parametrize("mime_type", [*PICTURE_FORMATS, "application/pdf"])
def test_every_type_is_shown(mime_type):
    assert red_corner(shown(scan(mime_type))) == "top left"


@pytest.mark.parametrize("orientation", CORNERS)
@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_picture_stands_upright_however_the_camera_was_held(
    pillow_format, orientation
):
    image = shown(encoded(picture(), pillow_format, exif=held(orientation)))
    assert (red_corner(image), image.size) == CORNERS[orientation]


@pytest.mark.parametrize("orientation", CORNERS)
def test_a_heic_stands_upright(orientation):
    turned = picture()
    turned.info["exif"] = held(orientation).tobytes()
    image = shown(encoded(turned, "HEIF"))
    assert (red_corner(image), image.size) == CORNERS[orientation]


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_is_upright(orientation):
    image = shown(encoded(picture(), "JPEG", exif=held(orientation)))
    assert (red_corner(image), image.size) == CORNERS[1]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_page_of_a_pdf_stands_upright(rotation):
    data = pdf_page(
        content=b"1 0 0 rg 0 742 100 100 re f", page=b"/Rotate %d" % rotation
    )
    corner = {0: "top left", 90: "top right", 180: "bottom right", 270: "bottom left"}
    assert red_corner(shown(data)) == corner[rotation]


def test_a_large_picture_is_made_smaller_and_a_small_one_is_left():
    assert shown(scan(width=4000, height=3000)).size == (2000, 1500)
    assert shown(scan("image/png", width=1, height=9000)).size == (1, 2000)
    assert shown(scan(width=2000, height=7)).size == (2000, 7)


def test_large_and_held_sideways():
    image = shown(
        encoded(picture(4000, 3000), "JPEG", exif=held(6)),
    )
    assert (red_corner(image), image.size) == ("top right", (1500, 2000))


def test_each_page_is_shown_by_its_number():
    colors = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    sheets = [Image.new("RGB", (100, 50), color) for color in colors]
    for pillow_format in ("TIFF", "PDF"):
        data = encoded(
            sheets[0], pillow_format, save_all=True, append_images=sheets[1:]
        )
        for number, color in enumerate(colors, start=1):
            pixel = shown(data, number).getpixel((20, 20))
            assert pixel == pytest.approx(color, abs=8)


@pytest.mark.parametrize("mime_type", ["image/jpeg", "image/tiff", "application/pdf"])
@pytest.mark.parametrize("page", [0, -1, 2, 10**9])
def test_a_page_that_is_not_there(mime_type, page):
    with pytest.raises(InvalidScan) as caught:
        display_rendition(BytesIO(scan(mime_type)), page)
    assert caught.value.code == "no_such_page"
    assert caught.value.detail


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_paper(mode):
    sheet = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    sheet.paste((0, 0, 0, 255), (0, 0, 20, 40))
    options = {"transparency": 0} if mode == "P" else {}
    if mode == "P":
        sheet = Image.new("P", (40, 40), 0)
        sheet.putpalette([0, 0, 0, 0, 0, 0])
        sheet.paste(1, (0, 0, 20, 40))
    image = shown(encoded(sheet.convert(mode), "PNG", **options))
    assert max(image.getpixel((5, 20))) < 10
    assert min(image.getpixel((35, 20))) > 245


@pytest.mark.parametrize(
    ("sheet", "pillow_format", "expected"),
    [
        (Image.new("1", (40, 40), 1), "TIFF", (255, 255, 255)),
        (Image.new("L", (40, 40), 90), "JPEG", (90, 90, 90)),
        (Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG", (255, 0, 0)),
        (Image.new("I;16", (40, 40), 0x8000), "PNG", (128, 128, 128)),
        (Image.new("I;16", (40, 40), 0x8000), "TIFF", (128, 128, 128)),
        (Image.new("P", (40, 40), 0), "GIF", (0, 0, 0)),
    ],
)
def test_every_kind_of_colour_is_shown_as_it_is(sheet, pillow_format, expected):
    image = shown(encoded(sheet, pillow_format))
    assert image.getpixel((20, 20)) == pytest.approx(expected, abs=3)


def test_nothing_but_the_picture_is_handed_on():
    data = encoded(
        picture(),
        "JPEG",
        exif=held(1),
        comment=b"SECRET-COMMENT",
        icc_profile=b"SECRET-PROFILE" * 20,
        xmp=b"SECRET-XMP",
    )
    assert data.count(b"SECRET") > 3
    rendition = display_rendition(BytesIO(data), 1)
    assert b"SECRET" not in rendition.data
    assert b"Exif" not in rendition.data


def test_what_was_filled_into_the_form_of_a_pdf_is_shown():
    field = (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(hours)/V(8)/Rect[100 100 200 200]"
        b"/F 4/AP<</N 6 0 R>>>>"
    )
    looks = stream(
        b"1 0 0 rg 0 0 100 100 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 100 100]"
    )
    data = pdf_page(
        field,
        looks,
        page=b"/Annots[5 0 R]",
        catalog=b"/AcroForm<</Fields[5 0 R]>>",
        box=b"300 300",
    )
    assert is_red(shown(data).getpixel((1000, 1000)))


def test_a_pdf_that_can_be_measured_but_not_drawn_is_refused():
    # The image is inside a pattern, which the measuring step does not unpack.
    pattern = stream(
        b"/F Do",
        b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/XStep 1/YStep 1"
        b"/BBox[0 0 1 1]/Resources<</XObject<</F 6 0 R>>>>",
    )
    resources = b"/XObject<</F 6 0 R>>"
    data = pdf_page(
        pattern,
        form(b"/F Do /F Do", resources),
        content=b"/Pattern cs /P scn 0 0 595 842 re f",
        resources=b"/Pattern<</P 5 0 R>>",
    )
    assert inspect(BytesIO(data), "card.pdf").pages
    with pytest.raises(InvalidScan) as caught:
        display_rendition(BytesIO(data), 1)
    assert caught.value.code == "too_complex"


def test_the_same_file_gives_the_same_bytes():
    data = scan(width=900, height=700)
    first, second = (display_rendition(BytesIO(data), 1) for _ in range(2))
    assert first == second


def test_many_pages_at_once():
    data = pages(2, "PDF")
    results = []

    def work():
        results.append(display_rendition(BytesIO(data), 2).data)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert len(set(results)) == 1
