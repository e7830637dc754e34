"""Validation of uploaded files: the detected type, and the reasons for rejection."""

import hashlib
import threading
import time
from io import BytesIO
from struct import pack
from tempfile import TemporaryFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from workcards.scans import validation
from workcards.scans.decoder import images
from workcards.scans.decoder.decoder_limits import RejectedScan
from workcards.scans.validation import (
    MAX_FILE_BYTES,
    MESSAGES,
    InvalidScan,
    Page,
    inspect,
)

from .scan_samples import (
    PICTURE_FORMATS,
    encoded,
    form,
    huge_pdf_picture,
    jpeg_of_many_scans,
    pages,
    pdf,
    pdf_of_a_billion_drawings,
    pdf_page,
    pdf_with_password,
    picture,
    png_claiming,
    scan,
)

# A file that would take minutes. A busy machine also starts and ends the process that reads it.
SECONDS_OF_READING = 2 * validation.READING_SECONDS


def look(data, filename="card.jpg"):
    return inspect(BytesIO(data), filename)


def error(data):
    with pytest.raises(InvalidScan) as caught:
        look(data)
    assert caught.value.detail == str(MESSAGES[caught.value.code])
    return caught.value.code


@pytest.mark.parametrize("mime_type", PICTURE_FORMATS)
def test_a_picture_is_known_by_its_content_whatever_its_name(mime_type):
    data = scan(mime_type)
    found = look(data, "card.exe")
    assert found.mime_type == mime_type
    assert found.size_bytes == len(data)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert found.pages == (Page(1, 300, 200),)
    assert found.filename.startswith("card.exe.")


def test_a_page_of_a_pdf_is_a_page():
    found = look(pages(3, "PDF"), "cards.pdf")
    assert (found.mime_type, found.filename) == ("application/pdf", "cards.pdf")
    assert found.pages == tuple(Page(number, 2000, 1333) for number in (1, 2, 3))


def test_a_frame_of_a_tiff_is_a_page_each_with_its_own_size():
    data = encoded(
        picture(300, 200),
        "TIFF",
        compression="tiff_lzw",
        save_all=True,
        append_images=[picture(3000, 1500), picture(50, 4000)],
    )
    assert look(data).pages == (
        Page(1, 300, 200),
        Page(2, 2000, 1000),
        Page(3, 25, 2000),
    )


def test_an_animation_is_its_first_picture():
    frames = [picture(), picture().rotate(90), picture().rotate(180)]
    for pillow_format in ("GIF", "WEBP", "PNG"):
        data = encoded(
            frames[0], pillow_format, save_all=True, append_images=frames[1:]
        )
        assert len(look(data).pages) == 1


def test_several_pictures_in_one_jpeg_are_the_first():
    data = encoded(picture(), "MPO", save_all=True, append_images=[picture()])
    found = look(data)
    assert (found.mime_type, len(found.pages)) == ("image/jpeg", 1)


def test_the_file_is_read_from_its_beginning_and_left_there():
    with TemporaryFile() as file:
        file.write(scan())
        inspect(file, "card.jpg")
        assert file.tell() == 0


def test_an_empty_file():
    assert error(b"") == "empty_file"


def test_ten_megabytes_are_taken_and_one_byte_more_is_not():
    # A decoder stops at the end of the picture; what follows is padding.
    data = scan().ljust(MAX_FILE_BYTES, b"\0")
    assert look(data).size_bytes == MAX_FILE_BYTES
    assert error(data + b"\0") == "file_too_large"


@pytest.mark.parametrize(
    "data",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'<?xml version="1.0"?><svg/>',
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"\xef\xbb\xbf\n <html>",
        "<svg/>".encode("utf-16"),
    ],
)
def test_web_pages_and_drawings_by_whatever_name(data):
    assert error(data) == "markup_file"


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"GIF",
        b"PK\x03\x04 a workbook",
        b"%!PS-Adobe-3.0 EPSF-3.0",  # Pillow would start Ghostscript for it
        encoded(picture(), "BMP"),
        encoded(picture(), "ICO"),
        encoded(picture(), "PPM"),
        encoded(picture(), "AVIF"),
        b"<html></html>".ljust(64) + scan("application/pdf"),  # HTML, and a PDF as well
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_scan(data):
    assert error(data) in ("unsupported_type", "markup_file")


def test_a_picture_that_is_a_web_page_as_well_is_a_picture():
    polyglot = encoded(picture(), "JPEG", comment=b"<script>alert(1)</script>")
    found = look(polyglot, "page.html")
    assert (found.mime_type, found.filename) == ("image/jpeg", "page.html.jpg")


@pytest.mark.parametrize("mime_type", [*PICTURE_FORMATS, "application/pdf"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.filterwarnings("ignore:Truncated File Read:UserWarning")
def test_a_file_that_was_cut_off(mime_type, share):
    noise = Image.effect_noise((400, 300), 60).convert("RGB")
    data = encoded(noise, PICTURE_FORMATS.get(mime_type, "PDF"))
    assert error(data[: int(len(data) * share)]) == "damaged_file"


def test_cut_off_pictures_stay_refused_whatever_pillow_was_told():
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize("mime_type", [*PICTURE_FORMATS, "application/pdf"])
def test_a_file_of_which_only_the_beginning_is_right(mime_type):
    assert error(scan(mime_type)[:24] + b"\xa5" * 500) == "damaged_file"


@pytest.mark.parametrize("mime_type", [*PICTURE_FORMATS, "application/pdf"])
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(damage=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6))
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_damage_is_refused_or_survived_and_nothing_else(mime_type, damage):
    data = bytearray(scan(mime_type, width=60, height=40))
    for place, value in damage:
        data[int(place * len(data))] = value
    try:
        look(bytes(data))
    except InvalidScan as rejected:
        assert rejected.code in MESSAGES  # noqa: PT017 -- taken in is as good an answer


def test_fifty_pages_are_taken_and_one_more_is_not():
    page = picture(60, 40, mode="1")
    for pillow_format in ("TIFF", "PDF"):
        assert len(look(pages(50, pillow_format, page)).pages) == 50
        assert error(pages(51, pillow_format, page)) == "too_many_pages"


def test_a_tiff_whose_frames_go_round_in_a_circle_ends():
    data = bytearray(scan("image/tiff"))
    directory = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[directory : directory + 2], "little")
    end = directory + 2 + entries * 12
    data[end : end + 4] = pack("<I", directory)
    assert len(look(bytes(data)).pages) == 1


def test_fifty_megapixels_are_counted_before_a_pixel_is_made(monkeypatch):
    monkeypatch.setattr(
        ImageFile.ImageFile, "load", lambda self: pytest.fail("was decoded")
    )
    for data in (
        png_claiming(10_000, 5_001),
        png_claiming(9_500, 9_500),  # Pillow only warns about this size
        png_claiming(2**31 - 1, 2**31 - 1),
    ):
        with pytest.raises(RejectedScan, match="too_many_pixels"):
            list(images.page_sizes(data, "PNG"))
        assert error(data) == "too_many_pixels"


@pytest.mark.parametrize(
    "data",
    [
        png_claiming(9_500, 9_500),  # Pillow only warns about this size
        scan("image/gif").replace(pack("<HH", 300, 200), b"\xff" * 4, 1),
        b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0",
        encoded(picture(mode="1").resize((9_000, 9_000)), "TIFF", compression="group4"),
        encoded(Image.new("L", (8_000, 7_000)), "JPEG"),
    ],
    ids=["png", "gif", "webp", "tiff", "jpeg"],
)
def test_a_small_file_with_very_many_pixels(data):
    assert len(data) < 1_000_000
    assert error(data) == "too_many_pixels"


def test_a_later_frame_with_too_many_pixels():
    data = encoded(
        picture(mode="1"),
        "TIFF",
        save_all=True,
        append_images=[Image.new("1", (8_000, 7_000))],
        compression="group4",
    )
    assert error(data) == "too_many_pixels"


def test_a_pdf_with_a_password():
    assert error(pdf_with_password("sesame")) == "encrypted_pdf"


def test_a_pdf_that_opens_without_a_password_is_read_though_printing_is_forbidden():
    assert len(look(pdf_with_password("")).pages) == 1


def test_a_pdf_without_a_page():
    empty = pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>")
    assert error(empty) == "empty_pdf"


def test_a_pdf_with_a_huge_picture_in_it_also_inside_a_drawing():
    resources = b"/XObject<</I 5 0 R/F 6 0 R>>"
    objects = [huge_pdf_picture(), form(b"/I Do", b"/XObject<</I 5 0 R>>")]
    for content in (b"/I Do", b"/F Do"):
        data = pdf_page(*objects, content=content, resources=resources)
        assert error(data) == "too_many_pixels"


def test_a_pdf_that_asks_for_a_billion_drawings_harms_nobody_else():
    started = time.monotonic()
    assert error(pdf_of_a_billion_drawings()) == "too_complex"
    assert time.monotonic() - started < SECONDS_OF_READING


def test_a_pdf_that_draws_itself_harms_nobody_else():
    resources = b"/XObject<</F 5 0 R>>"
    data = pdf_page(
        form(b"/F Do /F Do", resources), content=b"/F Do", resources=resources
    )
    assert error(data) == "too_complex"


def test_a_picture_that_asks_for_minutes_of_the_processor_gets_seconds():
    # The same with two scans is a picture.
    assert look(jpeg_of_many_scans(2, 700)).pages == (Page(1, 700, 700),)
    data = jpeg_of_many_scans(20_000)
    assert len(data) < 3_000_000
    started = time.monotonic()
    assert error(data) == "too_complex"
    assert time.monotonic() - started < SECONDS_OF_READING


def test_a_file_is_not_read_beyond_the_deadline():
    late = time.monotonic() - 1
    for data in (scan(), scan("application/pdf")):
        with pytest.raises(InvalidScan, match="not_read_in_time"):
            inspect(BytesIO(data), "card", deadline=late)
    with pytest.raises(InvalidScan, match="not_read_in_time"):
        inspect(
            BytesIO(pdf_of_a_billion_drawings()),
            "card.pdf",
            deadline=time.monotonic() + 0.2,
        )
    # Checks that need no reading still run.
    with pytest.raises(InvalidScan, match="empty_file"):
        inspect(BytesIO(), "card", deadline=late)


def test_who_waits_for_a_free_reader_waits_until_the_deadline(monkeypatch):
    taken = threading.BoundedSemaphore(1)
    taken.acquire()
    monkeypatch.setattr(validation, "_decoder_slots", taken)
    with pytest.raises(InvalidScan, match="not_read_in_time"):
        inspect(BytesIO(scan()), "card", deadline=time.monotonic() + 0.1)
    threading.Timer(0.1, taken.release).start()
    assert inspect(BytesIO(scan()), "card", deadline=time.monotonic() + 20).pages


def test_a_pdf_that_takes_too_long(monkeypatch):
    monkeypatch.setattr(validation, "READING_SECONDS", 0.001)
    assert error(scan("application/pdf")) == "too_complex"


@pytest.mark.parametrize(
    ("box", "size"),
    [
        (b"595 842", (1413, 2000)),
        (b"842 595", (2000, 1413)),
        (b"100000 1", (2000, 1)),
        (b"0 0", (1546, 2000)),  # PDFium falls back to the letter format
        (b"1e30 1e30", (1546, 2000)),
    ],
)
def test_pages_of_any_shape(box, size):
    assert look(pdf_page(box=box)).pages == (Page(1, *size),)


def test_the_reader_sees_nothing_of_our_environment(monkeypatch):
    seen = {}

    def run(arguments, **options):
        seen.update(options)
        raise validation.subprocess.TimeoutExpired(arguments, 1)

    monkeypatch.setenv("SECRET_KEY", "secret")
    monkeypatch.setattr(validation.subprocess, "run", run)
    error(scan("application/pdf"))
    assert seen["env"] == {}
