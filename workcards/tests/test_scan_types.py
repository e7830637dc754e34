"""The type of a file by its first bytes, and its permitted name."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workcards.scans.scan_types import (
    FILE_TYPES,
    MAX_FILENAME_LENGTH,
    PDF,
    clean_filename,
    detect,
    is_markup,
)

from .scan_samples import scan

JPEG = FILE_TYPES[0]


@pytest.mark.parametrize("kind", FILE_TYPES, ids=lambda kind: kind.mime_type)
def test_every_type_is_known_by_its_content(kind):
    assert detect(scan(kind.mime_type)[:1024]) is kind


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xd8",
        b"GIF88a",
        b"RIFF\x10\0\0\0WAVE",
        b"BM\x36\0\0\0",
        b"\0\0\x01\0",  # an icon
        b"PK\x03\x04",
        b"MZ\x90\0",
        b"%!PS-Adobe-3.0",
        b"8BPS\0\x01",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        b"\0\0\0\x1cftypavif\0\0\0\0mif1avif",
        b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif",
        b"GIF-like text %PDF-1.7",
        b"<html>%PDF-1.7",
        b"PK\x03\x04 %PDF-1.7",
    ],
)
def test_anything_else_is_no_type_of_ours(head):
    assert detect(head) is None


@pytest.mark.parametrize(
    "head", [b"%PDF-1.4", b"\r\n  %PDF-2.0", b"\xef\xbb\xbf%PDF-1.7"]
)
def test_a_pdf_may_begin_with_white_space(head):
    assert detect(head) is PDF


@pytest.mark.parametrize(
    "brands",
    [b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heic", b"heix\0\0\0\0mif1heix"],
)
def test_heic_goes_by_several_brands(brands):
    head = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands
    assert detect(head).mime_type == "image/heic"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"<svg", True),
        (b"\xef\xbb\xbf \n<!DOCTYPE html>", True),
        ("<?xml".encode("utf-16"), True),
        (b"hello <b>", False),
        (b"", False),
    ],
)
def test_markup_is_told_from_other_things(head, expected):
    assert is_markup(head) is expected


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("march.jpg", "march.jpg"),
        ("כרטיס מרץ.pdf", "כרטיס מרץ.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\card.png", "card.png"),
        ("/abs/olute.png", "olute.png"),
        ("C:\\scans\\a.tif", "a.tif"),
        ("a\0b.png", "ab.png"),
        ("a\r\nSet-Cookie: x=1.png", "aSet-Cookie_ x=1.png"),
        ("card\u202egnp.exe", "cardgnp.exe"),
        ("\u2066\u200fcard\u2069.png", "card.png"),
        ("zero\u200bwidth\ufeff.png", "zerowidth.png"),
        ("line\u2028end\u2029.png", "lineend.png"),
        ("\ud800lone.png", "lone.png"),
        ('<a href="x">.png', "_a href=_x__.png"),
        ("much   space\u00a0\u3000here .png", "much space here.png"),
        (".htaccess", "htaccess"),
        ("...", "file"),
        ("", "file"),
        ("   ", "file"),
        ("a/", "file"),
        ("no extension", "no extension"),
        ("dots.at.end...", "dots.at.end"),
        ("a.b.c.jpeg", "a.b.c.jpeg"),
        ("e\u0301.png", "\u00e9.png"),
        ("x" * 300 + ".jpg", "x" * 116 + ".jpg"),
        ("x.jpg" + "y" * 300, ("x.jpg" + "y" * 300)[:120]),
    ],
)
def test_a_name_is_made_safe(name, cleaned):
    assert clean_filename(name) == cleaned


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("card.jpg", "card.jpg"),
        ("CARD.JPEG", "CARD.JPEG"),
        ("card.html", "card.html.jpg"),
        ("card.png", "card.png.jpg"),
        ("card", "card.jpg"),
        ("", "file.jpg"),
        ("x" * 300 + ".html", "x" * 116 + ".jpg"),
    ],
)
def test_the_extension_follows_the_content(name, cleaned):
    assert clean_filename(name, JPEG) == cleaned


@given(st.text(max_size=400), st.sampled_from([None, *FILE_TYPES]))
def test_whatever_the_name_the_result_is_safe(name, kind):
    cleaned = clean_filename(name, kind)
    assert 1 <= len(cleaned) <= MAX_FILENAME_LENGTH
    assert not set(cleaned) & set('/\\<>:"|?*')
    assert not any(unicodedata.category(char)[0] == "C" for char in cleaned)
    assert not cleaned.startswith((".", " "))
    assert not cleaned.endswith((".", " "))
    cleaned.encode("utf-8")
    assert clean_filename(cleaned, kind) == cleaned
    if kind:
        assert cleaned.lower().endswith(kind.extensions)
