"""Images of work cards in the demo data."""

import random
from datetime import date, time
from decimal import Decimal
from io import BytesIO

import pytest
from PIL import Image

from demo import card_image, handwriting
from demo.card_image import LINES_SPAN, SIZE, CardLine, render_card
from demo.handwriting import GLYPHS, Hand, strokes, visual_order
from workcards.month_math import days_of_month
from workcards.scans.renditions import display_rendition
from workcards.scans.validation import inspect

MARCH = date(2026, 3, 1)
WORKED = [
    CardLine(day, time(7), time(16, 30), 30, Decimal("9.00"))
    for day in days_of_month(MARCH)
    if day.weekday() != 5
]


def card(days=WORKED, seed=1, **changes):
    return render_card(
        **{
            "business_name": "Acme Builders",
            "site_name": "Harbour Gate",
            "employee_name": "Andriy Kovtun",
            "month": MARCH,
            "days": days,
            "rng": random.Random(seed),
            **changes,
        }
    )


def opened(data):
    return Image.open(BytesIO(data)).convert("RGB")


def test_a_card_can_be_uploaded_like_any_other_picture():
    data = card()
    found = inspect(BytesIO(data), "card.jpg")
    assert found.mime_type == "image/jpeg"
    assert [(page.width, page.height) for page in found.pages] == [SIZE]
    assert 40_000 < found.size_bytes < 250_000
    assert display_rendition(BytesIO(data), 1).data


def test_the_same_seed_draws_the_same_card_and_another_one_does_not():
    assert card(seed=5) == card(seed=5)
    assert card(seed=5) != card(seed=6)


def test_a_card_comes_in_the_size_that_is_asked_for():
    assert opened(card(size=(460, 616))).size == (460, 616)


@pytest.mark.parametrize("day", [1, 16, 31])
def test_what_a_day_says_stands_on_the_line_of_the_day(monkeypatch, day):
    monkeypatch.setattr(card_image, "INKS", ((20, 40, 220),))
    monkeypatch.setattr(Hand, "sign", lambda *arguments: None)
    line = CardLine(date(2026, 3, day), from_time=time(7), to_time=time(16))
    image = opened(card([line], employee_name="", site_name=""))
    top, bottom = (round(share * image.height) for share in LINES_SPAN)
    red, _green, blue = image.crop((0, top - 10, image.width, bottom + 10)).split()
    rows = [
        y
        for y in range(red.height)
        for x in range(150, 400)
        if blue.getpixel((x, y)) - red.getpixel((x, y)) > 50
    ]
    middle = sum(rows) / len(rows) - 10
    line_height = (bottom - top) / 31
    assert middle / line_height == pytest.approx(day - 0.5, abs=0.6)


@pytest.mark.parametrize(
    "month", [date(2026, 2, 1), date(2024, 2, 1), date(2026, 1, 1)]
)
def test_every_month_fits(month):
    notes = [CardLine(day, note="HOLIDAY") for day in days_of_month(month)]
    assert opened(card(notes, month=month)).size == SIZE


def test_names_in_hebrew_are_written_and_those_in_other_letters_are_left_out():
    hebrew = card(
        business_name="מצהב", employee_name="יוסי כהן", site_name="מגדל הים 12"
    )
    assert inspect(BytesIO(hebrew), "card.jpg").pages
    for name in ("", "   ", "王小明", "\u202e\0", "x" * 500):
        assert card(business_name=name, employee_name=name, site_name=name)


def test_slips_of_the_pen_are_crossed_out(monkeypatch):
    without = card(seed=3)
    monkeypatch.setattr(card_image, "SLIPS", 1)
    assert card(seed=3) != without


def test_every_letter_that_people_write_is_there():
    assert set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ:.,'-/()") <= set(GLYPHS)
    assert {chr(code) for code in range(ord("א"), ord("ת") + 1)} <= set(GLYPHS)
    for letter in GLYPHS:
        for stroke in strokes(letter):
            assert len(stroke) >= 2
            assert all(0 <= x <= 6 and -8 <= y <= 2 for x, y in stroke)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Andriy", "ANDRIY"),
        ("José Müller", "JOSE MULLER"),
        ("שלום", "םולש"),
        ("מגדל הים 12", "12 םיה לדגמ"),
        ("רחוב 5 א", "א 5 בוחר"),
        ("a王b", "AB"),
        ("", ""),
    ],
)
def test_hebrew_is_written_from_right_to_left_and_numbers_are_not(text, written):
    assert visual_order(text) == written


def test_a_text_that_needs_more_room_is_written_smaller():
    image = Image.new("RGB", (400, 60), "white")
    hand = Hand(random.Random(1), (0, 0, 0), pen=2)
    draw = handwriting.ImageDraw.Draw(image)
    assert hand.write(draw, "A VERY LONG NAME INDEED", (10, 50), 30, room=300) < 330
