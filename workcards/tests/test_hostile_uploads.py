"""Hostile uploads through the API.

Each is rejected with its reason, or stored and harmless.
"""

import io
import zipfile
from collections.abc import Callable
from struct import pack
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.tests.api_clients import client_of
from audit.models import AuditEvent
from tests.admin_clients import admin_client_for
from workcards.models import WorkCard
from workcards.scans.validation import MAX_FILE_BYTES
from workcards.tests.scan_samples import (
    PICTURE_FORMATS,
    encoded,
    form,
    huge_pdf_picture,
    pages,
    pdf,
    pdf_page,
    pdf_with_password,
    png_claiming,
    scan,
)
from workforce.tests.factories import SiteFactory

URL = "/api/work_cards/upload"
pytestmark = pytest.mark.django_db
File = Callable[[], bytes]


def archive() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as packed:
        packed.writestr("evil.js", "alert(1)")
    return output.getvalue()


def tiff_of(frames: int) -> bytes:
    """Return a TIFF of so many identical frames.

    An entry of twelve bytes makes a frame.
    """
    entries = [(256, 3, 1, 1), (257, 3, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1)]
    entries += [(262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1), (278, 3, 1, 1)]
    entries += [(279, 4, 1, 1)]
    length = 2 + 12 * len(entries) + 4
    body = b""
    for number in range(frames):
        following = 12 + length * (number + 1) if number + 1 < frames else 0
        body += pack("<H", len(entries))
        body += b"".join(pack("<HHII", *entry) for entry in entries)
        body += pack("<I", following)
    return b"II*\0" + pack("<I", 12) + b"\xff\0\0\0" + body


def pdf_of(count: int) -> bytes:
    """Return a PDF of so many identical pages."""
    kids = b"3 0 R " * count
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, count),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    )


def gif_claiming(width: int, height: int) -> bytes:
    return scan("image/gif").replace(pack("<HH", 300, 200), pack("<HH", width, height))


def jpeg_claiming(width: int, height: int) -> bytes:
    return scan().replace(pack(">HH", 200, 300), pack(">HH", height, width))


DEEP = b"[" * 100_000 + b"]" * 100_000
WEBP_OF_16384 = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0"

REJECTED: dict[str, tuple[File, str]] = {
    "nothing": (lambda: b"", "empty_file"),
    "one byte too many": (
        lambda: scan().ljust(MAX_FILE_BYTES + 1, b"\0"),
        "file_too_large",
    ),
    # Files that are not scans
    "text": (lambda: b"hello", "unsupported_type"),
    "program": (lambda: b"\x7fELF" + b"\0" * 500, "unsupported_type"),
    "archive": (archive, "unsupported_type"),
    "archive with a PDF behind it": (
        lambda: archive() + scan("application/pdf"),
        "unsupported_type",
    ),
    "PostScript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0", "unsupported_type"),
    "SVG": (lambda: b"<svg onload=alert(1)>", "markup_file"),
    "HTML": (lambda: b"\n <!DOCTYPE html><script>", "markup_file"),
    "XML": (lambda: b'<?xml version="1.0"?><!DOCTYPE a [', "markup_file"),
    "UTF-16 HTML": (lambda: "<html>".encode("utf-16"), "markup_file"),
    # Files that unpack to more than a scan
    "PNG bomb": (lambda: png_claiming(60_000, 60_000), "too_many_pixels"),
    "GIF bomb": (lambda: gif_claiming(65_535, 65_535), "too_many_pixels"),
    "JPEG bomb": (lambda: jpeg_claiming(65_500, 65_500), "too_many_pixels"),
    "WEBP bomb": (lambda: WEBP_OF_16384, "too_many_pixels"),
    "TIFF bomb": (
        lambda: encoded(Image.new("1", (9_000, 9_000)), "TIFF", compression="group4"),
        "too_many_pixels",
    ),
    "TIFF of thousands of frames": (lambda: tiff_of(5_000), "too_many_pages"),
    "PDF of a thousand pages": (lambda: pdf_of(1000), "too_many_pages"),
    "PDF that draws itself": (
        lambda: pdf_page(
            form(b"/F Do /F Do", b"/XObject<</F 5 0 R>>"),
            content=b"/F Do",
            resources=b"/XObject<</F 5 0 R>>",
        ),
        "too_complex",
    ),
    "PDF with a huge picture": (
        lambda: pdf_page(
            huge_pdf_picture(), content=b"/I Do", resources=b"/XObject<</I 5 0 R>>"
        ),
        "too_many_pixels",
    ),
    "PDF nested deeply": (lambda: pdf(DEEP), "damaged_file"),
    "PDF whose pages hold each other": (
        lambda: pdf(
            b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 9>>"
        ),
        "damaged_file",
    ),
    # Files that cannot be opened
    "PDF with a password": (lambda: pdf_with_password("sesame"), "encrypted_pdf"),
    "PDF without a page": (
        lambda: pdf(
            b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"
        ),
        "empty_pdf",
    ),
    **{
        f"half of {mime_type}": (
            lambda kind=name: (data := encoded(noise(), kind))[: len(data) // 2],
            "damaged_file",
        )
        for mime_type, name in {**PICTURE_FORMATS, "application/pdf": "PDF"}.items()
    },
}

TAKEN: dict[str, tuple[File, int]] = {
    "ten megabytes": (lambda: scan().ljust(MAX_FILE_BYTES, b"\0"), 1),
    "TIFF of fifty frames": (lambda: tiff_of(50), 50),
    "PDF of fifty pages": (lambda: pdf_of(50), 50),
    "PDF that opens without a password": (lambda: pdf_with_password(""), 1),
    "PDF with an archive behind it": (lambda: scan("application/pdf") + archive(), 1),
    "PDF with JavaScript": (
        lambda: pdf_page(catalog=b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"),
        1,
    ),
    "GIF with JavaScript behind it": (lambda: scan("image/gif") + b"=1;alert(1)", 1),
    "JPEG with HTML behind it": (lambda: scan() + b"<script>alert(1)</script>", 1),
    "animated GIF": (lambda: pages(3, "GIF"), 1),
    **{
        mime_type: (lambda kind=mime_type: scan(kind), 1)
        for mime_type in [*PICTURE_FORMATS, "application/pdf"]
    },
}


def noise() -> Image.Image:
    return Image.effect_noise((400, 300), 60).convert("RGB")


@pytest.fixture
def site(acme: Any) -> Any:
    with acme.scope():
        return SiteFactory()


def upload(acme: Any, site: Any, *files: Any) -> Any:
    return client_of(acme.uploader).post(
        URL, {"files": list(files), "site_id": str(site.pk)}, format="multipart"
    )


@pytest.mark.parametrize("what", REJECTED)
def test_it_is_refused_by_its_reason_and_leaves_nothing(
    acme: Any, site: Any, what: str
) -> None:
    make, code = REJECTED[what]
    response = upload(acme, site, SimpleUploadedFile("card.png", make(), "image/png"))
    assert response.status_code == 400, response.content[:500]
    (failed,) = response.json()["failed"]
    assert (failed["filename"], failed["code"]) == ("card.png", code)
    assert failed["detail"] == response.json()["errors"][0]["detail"]
    with acme.scope():
        assert not WorkCard.objects.exists()


@pytest.mark.parametrize("what", TAKEN)
def test_it_is_taken_in_and_handed_back_as_what_it_is(
    acme: Any, site: Any, what: str
) -> None:
    make, count = TAKEN[what]
    data = make()
    response = upload(acme, site, SimpleUploadedFile("page.html", data, "text/html"))
    assert response.status_code == 201, response.content[:500]
    cards = response.json()["uploaded"]
    assert len(cards) == count
    card = cards[0]
    client = client_of(acme.viewer)
    original = client.get(f"/api/work_cards/{card['id']}/file")
    assert original.content == data
    # The type is never the client's, and a browser never runs the file.
    assert original["Content-Type"] == card["mime_type"] != "text/html"
    assert original["X-Content-Type-Options"] == "nosniff"
    assert original["Content-Disposition"].startswith("attachment; ")
    assert not card["original_filename"].endswith(".html")
    display = client.get(f"/api/work_cards/{card['id']}/file?rendition=display")
    assert display.status_code == 200
    assert display["Content-Type"] == "image/jpeg"
    assert b"script" not in display.content


NAMES = {
    "../../../etc/passwd": "passwd.png",
    "..\\..\\windows\\card.png": "card.png",
    "/etc/cron.d/card.png": "card.png",
    "card\u202egnp.exe": "cardgnp.exe.png",
    "\u2066card\u2069\u200b.png": "card.png",
    "x" * 300 + ".png": "x" * 116 + ".png",
    "כ" * 300 + ".png": "כ" * 116 + ".png",
    "a\0b.png": "ab.png",
    "....": "file.png",
    "..": None,
    " . . ": "file.png",
    "": None,  # a part without a name is no file, and for Django one of dots has none
    "😀.png": "😀.png",
    "כרטיס עבודה.png": "כרטיס עבודה.png",
    "<img src=x onerror=alert(1)>.png": "_img src=x onerror=alert(1)_.png",
    "=cmd|' /C calc'!A0.png": "C calc'!A0.png",
    "a\u2028b\x85c.png": "abc.png",
    "CON.png": "CON.png",
}


def raw_upload(acme: Any, site: Any, name: bytes) -> Any:
    """Upload a file with exactly these bytes as its name."""
    body = b"".join(
        [
            b'--limit\r\nContent-Disposition: form-data; name="site_id"\r\n\r\n',
            str(site.pk).encode(),
            b'\r\n--limit\r\nContent-Disposition: form-data; name="files"; filename="',
            name,
            b'"\r\nContent-Type: image/png\r\n\r\n',
            scan("image/png"),
            b"\r\n--limit--\r\n",
        ]
    )
    return client_of(acme.uploader).generic(
        "POST", URL, body, content_type="multipart/form-data; boundary=limit"
    )


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_safe_to_show_wherever_it_is_shown(
    acme: Any, site: Any, name: str
) -> None:
    expected = NAMES[name]
    response = raw_upload(acme, site, name.encode())
    if expected is None:
        assert response.status_code == 400
        return
    assert response.status_code == 201, response.content
    (card,) = response.json()["uploaded"]
    assert card["original_filename"] == expected
    disposition = client_of(acme.viewer).get(f"/api/work_cards/{card['id']}/file")[
        "Content-Disposition"
    ]
    assert disposition.isascii()
    assert disposition.isprintable()
    with acme.scope():
        event = AuditEvent.objects.get(event_type="card_uploaded")
        assert event.metadata["after"]["original_filename"] == expected
        assert "/" not in expected
        stored = WorkCard.objects.get().file.original.name
    assert stored.startswith(f"businesses/{acme.id}/cards/")
    page = admin_client_for(acme.admin).get(
        f"/admin/workcards/workcard/{card['id']}/change/"
    )
    assert page.status_code == 200
    assert b"<img src=x" not in page.content


@pytest.mark.parametrize(
    "name",
    [
        b"&#55357;.png",  # which Django unescapes to half of a surrogate pair
        b"&#8238;gnp.exe",
        b"a%0d%0aX-Evil: 1.png",
        b"a&#13;&#10;X-Evil: 1.png",
        b"&#0;.png",
    ],
)
def test_a_name_that_is_no_text_is_made_one(acme: Any, site: Any, name: bytes) -> None:
    response = raw_upload(acme, site, name)
    assert response.status_code == 201, response.content
    (card,) = response.json()["uploaded"]
    clean = card["original_filename"]
    assert clean.endswith(".png")
    assert clean.isprintable()
    assert clean.encode()
    file = client_of(acme.viewer).get(f"/api/work_cards/{card['id']}/file")
    assert file["Content-Disposition"].isprintable()
    assert "X-Evil" not in file.headers


@pytest.mark.parametrize("name", [b"\xff\xfe\xed\xa0\x80.png", b"\xe2\x80.png"])
def test_a_name_that_is_no_utf8_makes_the_part_no_file(
    acme: Any, site: Any, name: bytes
) -> None:
    response = raw_upload(acme, site, name)
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "required"


def test_a_batch_of_all_of_them_takes_in_the_good_ones(acme: Any, site: Any) -> None:
    # Except slow files: see test_uploads.py.
    hostile = [name for name in REJECTED if REJECTED[name][1] != "too_complex"]
    files = [SimpleUploadedFile(f"{name}.png", REJECTED[name][0]()) for name in hostile]
    files.insert(5, SimpleUploadedFile("good.jpg", scan()))
    response = upload(acme, site, *files)
    assert response.status_code == 201
    body = response.json()
    assert [card["original_filename"] for card in body["uploaded"]] == ["good.jpg"]
    assert [f["code"] for f in body["failed"]] == [
        REJECTED[name][1] for name in hostile
    ]
